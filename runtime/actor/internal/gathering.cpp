// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/gathering.hpp"

#include "troupe/runtime/actor/far_groups.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/system.hpp"

#include <algorithm>
#include <mutex>

namespace troupe::actor {

void Gathering::join(const Target& target, const Interface& its, RemoteMessages crossing) {
  bool is_new = true;
  {
    const std::lock_guard guard{lock_};
    const auto found = std::ranges::find(members_, target, &Member::target);
    is_new = found == members_.end();
    if (is_new) {
      members_.push_back({target, &its});
    } else {
      found->its = &its;
    }
  }
  // Before it enters: an end that comes in between is told after.
  if (FarGroups* const far = system_.far_groups(); far != nullptr) {
    far->joined(name_, target, crossing);
  }
  if (is_new && !enter(target, shared_from_this())) {
    gone(target);
  }
}

void Gathering::gone(const Target& target) noexcept {
  erase(target);
  if (FarGroups* const far = system_.far_groups(); far != nullptr) {
    far->left(name_, target);
  }
}

bool Gathering::erase(const Target& target) noexcept {
  const std::lock_guard guard{lock_};
  return std::erase_if(members_, [&](const Member& each) { return each.target == target; }) > 0;
}

void Gathering::leave(const Target& target) noexcept {
  if (erase(target)) {
    gone(target);
    strike_out(target, *this);
  }
}

bool Gathering::left(const Target& target, const Exit& /*reason*/) noexcept {
  gone(target);
  return false;
}

std::vector<Target> Gathering::members(const Interface& wanted, RemoteMessages crossing) const {
  std::vector<Target> found;
  {
    const std::lock_guard guard{lock_};
    const AcceptedMessage* missing = nullptr;
    for (const Member& each : members_) {
      if (covers(*each.its, wanted, missing)) {
        found.push_back(each.target);
      }
    }
  }
  if (FarGroups* const far = system_.far_groups(); far != nullptr && !crossing.empty()) {
    far->add_members(name_, crossing, found);
  }
  return found;
}

bool Gathering::empty() const noexcept {
  const std::lock_guard guard{lock_};
  return members_.empty();
}

}  // namespace troupe::actor
