// SPDX-License-Identifier: Apache-2.0
#pragma once

// Gathering: who is in a group now: those of this runtime, and through FarGroups those of others.

#include "troupe/base/spin_lock.hpp"
#include "troupe/runtime/actor/interface.hpp"
#include "troupe/runtime/actor/internal/entry.hpp"
#include "troupe/runtime/actor/remote_message.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::actor {

class System;

// Thread-safe. Owned by a shared_ptr.
class Gathering final : public Entry, public std::enable_shared_from_this<Gathering> {
 public:
  Gathering(System& system, std::string name) : system_(system), name_(std::move(name)) {}

  void join(const Target& target, const Interface& its, RemoteMessages crossing);
  void leave(const Target& target) noexcept;
  bool left(const Target& target, const Exit& reason) noexcept override;

  // Those that cover `wanted`, in the order in which they joined, and then those of other nodes.
  std::vector<Target> members(const Interface& wanted, RemoteMessages crossing) const;
  bool empty() const noexcept;

 private:
  struct Member {
    Target target;
    const Interface* its;
  };

  bool erase(const Target& target) noexcept;
  // It is none any more.
  void gone(const Target& target) noexcept;

  System& system_;
  const std::string name_;
  mutable SpinLock lock_;
  std::vector<Member> members_;  // guarded by lock_
};

}  // namespace troupe::actor
