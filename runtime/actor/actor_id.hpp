// SPDX-License-Identifier: Apache-2.0
#pragma once

// ActorId: the name of one incarnation of an actor, anywhere. A value, and a message.

#include <compare>
#include <cstdint>
#include <string>

namespace troupe {

struct ActorId {
  std::uint64_t node = 0;    // 0: this process
  std::uint64_t epoch = 0;   // of the node: new at each start
  std::uint64_t number = 0;  // never used twice within an epoch; 0: no actor

  // "17.3": the 17th place for an actor, its third use.
  std::string text() const;

  // NOLINTNEXTLINE(modernize-use-nullptr): it means the 0 of the comparison
  friend auto operator<=>(const ActorId&, const ActorId&) = default;
};

}  // namespace troupe
