// SPDX-License-Identifier: Apache-2.0
#include "tools/far_program.hpp"

#include <chrono>
#include <utility>

namespace troupe::tools {
namespace {

constexpr Duration kPatience = std::chrono::seconds{5};

RuntimeOptions small() {
  RuntimeOptions options;
  options.name = "troupe";
  options.workers = 1;
  options.inspect = Inspect::off;
  return options;
}

}  // namespace

FarProgram::FarProgram() : runtime_(small()) {}

Result<std::shared_ptr<FarProgram>> FarProgram::dial(const Address& url,
                                                     const ConnectChoice& choice) {
  const auto options = choice.with_key();
  if (!options) return options.error();
  auto made = std::make_shared<FarProgram>();
  auto node = made->runtime_.connect(url, *options, Deadline{kPatience});
  if (!node) return node.error();
  made->node_ = *std::move(node);
  return made;
}

Result<node::ProgramReport> FarProgram::look(node::Detail detail) const {
  return node::ask_node(node_, detail, Deadline{kPatience});
}

}  // namespace troupe::tools
