// SPDX-License-Identifier: Apache-2.0
#pragma once

// FarProgram: a node that is looked at by its URL: linked to once, and asked again and again. Its
// Runtime is made with it, so that a command that looks at programs here has none.

#include "tools/connect_options.hpp"
#include "troupe/runtime/node/inspection.hpp"
#include "troupe/runtime/runtime.hpp"

#include <memory>

namespace troupe::tools {

class FarProgram final {
 public:
  // Errors: those of ConnectChoice::with_key and Runtime::connect.
  static Result<std::shared_ptr<FarProgram>> dial(const Address& url, const ConnectChoice& choice);

  FarProgram();  // of no node

  // Errors: those of ask_node.
  Result<node::ProgramReport> look(node::Detail detail) const;

 private:
  Runtime runtime_;
  Node node_;
};

}  // namespace troupe::tools
