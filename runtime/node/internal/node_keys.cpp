// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/internal/node_keys.hpp"

namespace troupe::node {

Result<void> NodeKeys::admit(const NodeInfo& node, const std::string& key) {
  if (key.empty()) {
    return {};
  }
  const std::lock_guard lock{lock_};
  const auto [its, is_new] = keys_.try_emplace(node.id, key);
  if (!is_new) {
    return its->second == key
               ? Result<void>{}
               : Error{Code::refused, "node " + node.name + " is known by the key " + its->second +
                                          ", and comes by " + key +
                                          " now: it has two keys, where it may have one, or it "
                                          "is another one"};
  }
  known_.push_back(node.id);
  if (known_.size() > kMost) {
    keys_.erase(known_.front());
    known_.pop_front();
  }
  return {};
}

}  // namespace troupe::node
