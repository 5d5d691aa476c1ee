// SPDX-License-Identifier: Apache-2.0
#pragma once

// FarGroups: what the groups of a runtime have on other nodes. For runtime/node, which is one; not
// for users. Thread-safe.

#include "troupe/runtime/actor/remote_message.hpp"
#include "troupe/runtime/actor/sending.hpp"

#include <string>
#include <vector>

namespace troupe::actor {

class FarGroups {
 public:
  FarGroups() = default;
  FarGroups(const FarGroups&) = delete;
  FarGroups& operator=(const FarGroups&) = delete;
  virtual ~FarGroups() = default;

  // An actor has joined here, as what takes those messages; one that had joined before has been
  // said to have left. Nothing that it calls back.
  virtual void joined(const std::string& group, const Target& member, RemoteMessages as) = 0;
  virtual void left(const std::string& group, const Target& member) noexcept = 0;
  // Adds those of other nodes that take what is wanted.
  virtual void add_members(const std::string& group, RemoteMessages wanted,
                           std::vector<Target>& members) = 0;
};

}  // namespace troupe::actor
