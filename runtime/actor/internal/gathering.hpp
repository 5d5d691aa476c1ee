// SPDX-License-Identifier: Apache-2.0
#pragma once

// Gathering: who is in a group now.

#include "troupe/base/spin_lock.hpp"
#include "troupe/runtime/actor/interface.hpp"
#include "troupe/runtime/actor/internal/entry.hpp"

#include <memory>
#include <vector>

namespace troupe::actor {

// Thread-safe. Owned by a shared_ptr.
class Gathering final : public Entry, public std::enable_shared_from_this<Gathering> {
 public:
  void join(const Target& target, const Interface& its);
  void leave(const Target& target) noexcept;
  bool left(const Target& target, const Exit& reason) noexcept override;

  // Those that cover `wanted`, in the order in which they joined.
  std::vector<Target> members(const Interface& wanted) const;
  bool empty() const noexcept;

 private:
  struct Member {
    Target target;
    const Interface* its;
  };

  bool erase(const Target& target) noexcept;

  mutable SpinLock lock_;
  std::vector<Member> members_;  // guarded by lock_
};

}  // namespace troupe::actor
