// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/gathering.hpp"

#include "troupe/runtime/actor/internal/cell.hpp"

#include <algorithm>
#include <mutex>

namespace troupe::actor {

void Gathering::join(const Target& target, const Interface& its) {
  {
    const std::lock_guard guard{lock_};
    const auto found = std::ranges::find(members_, target, &Member::target);
    if (found != members_.end()) {
      found->its = &its;
      return;
    }
    members_.push_back({target, &its});
  }
  if (!enter(target, shared_from_this())) {
    erase(target);
  }
}

bool Gathering::erase(const Target& target) noexcept {
  const std::lock_guard guard{lock_};
  return std::erase_if(members_, [&](const Member& each) { return each.target == target; }) > 0;
}

void Gathering::leave(const Target& target) noexcept {
  if (erase(target)) {
    strike_out(target, *this);
  }
}

bool Gathering::left(const Target& target, const Exit& /*reason*/) noexcept {
  erase(target);
  return false;
}

std::vector<Target> Gathering::members(const Interface& wanted) const {
  std::vector<Target> found;
  const std::lock_guard guard{lock_};
  const AcceptedMessage* missing = nullptr;
  for (const Member& each : members_) {
    if (covers(*each.its, wanted, missing)) {
      found.push_back(each.target);
    }
  }
  return found;
}

bool Gathering::empty() const noexcept {
  const std::lock_guard guard{lock_};
  return members_.empty();
}

}  // namespace troupe::actor
