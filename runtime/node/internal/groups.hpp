// SPDX-License-Identifier: Apache-2.0
#pragma once

// Groups: which actors of this node are in groups, which each link is told, and which actors of
// other nodes are, as they have told. What stands here for one of those is made when somebody looks
// at its group. Thread-safe.

#include "troupe/base/result.hpp"
#include "troupe/runtime/actor/far_groups.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::node {

class Link;

class Groups final : public actor::FarGroups {
 public:
  // ---- this node's ----
  void joined(const std::string& group, const actor::Target& member,
              actor::RemoteMessages as) override;
  void left(const std::string& group, const actor::Target& member) noexcept override;
  void add_members(const std::string& group, actor::RemoteMessages wanted,
                   std::vector<actor::Target>& members) override;

  // ---- links ----
  // From now on it is told; who is in groups already, at once. Before anything is read from it.
  void add(const std::shared_ptr<Link>& link);
  // It has ended: its members are none any more.
  void remove(const Link& link);
  // What the other side says. Errors: malformed (there is too much of it).
  Result<void> joined_there(const Link& link, std::uint64_t number, const std::string& group,
                            std::vector<std::uint64_t> types);
  void left_there(const Link& link, std::uint64_t number, const std::string& group);

 private:
  static constexpr std::size_t kMostBytes = std::size_t{64} << 20U;  // of one link, about

  struct Member {
    std::vector<std::uint64_t> types;
    std::map<const actor::RemoteMessage*, bool> takes;  // what was asked before
  };
  struct There {
    std::shared_ptr<Link> link;
    std::map<std::string, std::map<std::uint64_t, Member>, std::less<>> groups;
    std::size_t bytes = 0;
  };

  static std::size_t bytes_of(const std::string& group, const Member& member) noexcept;
  static void tell_joined(Link& link, const std::string& group, std::uint64_t number,
                          actor::RemoteMessages as);

  std::mutex lock_;
  // Guarded by lock_.
  std::map<std::string, std::map<std::uint64_t, actor::RemoteMessages>, std::less<>> here_;
  std::unordered_map<const Link*, There> there_;
};

}  // namespace troupe::node
