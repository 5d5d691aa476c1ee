// SPDX-License-Identifier: Apache-2.0
#pragma once

// FarProgram: a node that is looked at by its URL: linked to once, and asked again and again. Its
// Runtime is made with it, so that a command that looks at programs here has none.

#include "troupe/runtime/node/inspection.hpp"
#include "troupe/runtime/runtime.hpp"

#include <filesystem>
#include <memory>

namespace troupe::tools {

class FarProgram final {
 public:
  // `key_file`: empty: no key. Errors: those of AuthKey::from_file and Runtime::connect.
  static Result<std::shared_ptr<FarProgram>> dial(const Address& url, ConnectOptions options,
                                                  const std::filesystem::path& key_file);

  FarProgram();  // of no node

  // Errors: those of ask_node.
  Result<node::ProgramReport> look(node::Detail detail) const;

 private:
  Runtime runtime_;
  Node node_;
};

}  // namespace troupe::tools
