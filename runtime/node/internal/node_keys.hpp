// SPDX-License-Identifier: Apache-2.0
#pragma once

// NodeKeys: by which key each node has come. A node says its id itself, and may say another's; a
// key it proves to have. So an id that has come by one key is refused to every other, for as long
// as it is remembered: longer than the link, or whoever cuts it could take the id over.
// Thread-safe.

#include "troupe/base/result.hpp"
#include "troupe/runtime/node/node_info.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>

namespace troupe::node {

class NodeKeys final {
 public:
  static constexpr std::size_t kMost = 4096;  // ids; the oldest is forgotten for the next

  // `node` comes by `key`; where that is empty, nothing is proved, and nothing remembered. Errors:
  // refused (it is known by another).
  Result<void> admit(const NodeInfo& node, const std::string& key);

 private:
  std::mutex lock_;
  // Guarded by lock_.
  std::unordered_map<std::uint64_t, std::string> keys_;  // by the node's id
  std::deque<std::uint64_t> known_;                      // in the order of their coming
};

}  // namespace troupe::node
