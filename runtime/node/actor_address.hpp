// SPDX-License-Identifier: Apache-2.0
#pragma once

// ActorAddress: what a Ref is in a message between nodes: which actor, of which life of which node,
// and where that node listens. Part of the wire format. Not for users.

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::node {

struct ActorAddress {
  static constexpr std::string_view troupe_name = "troupe.Ref";

  std::uint64_t node = 0;  // NodeInfo::id; 0: an empty handle
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;
  std::string url;  // empty: it listens nowhere; who has a link to it reaches it

  friend bool operator==(const ActorAddress&, const ActorAddress&) = default;
};

}  // namespace troupe::node
