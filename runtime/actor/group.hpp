// SPDX-License-Identifier: Apache-2.0
#pragma once

// Group: some actors of one runtime under a name, for messages to all of them. A small value:
// copied freely; all that Runtime::group gives for one name mean the same group. Thread-safe.

#include "troupe/base/deadline.hpp"
#include "troupe/runtime/actor/interface.hpp"
#include "troupe/runtime/actor/ref.hpp"

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

class RuntimeCore;

namespace actor {

class Gathering;

std::shared_ptr<Gathering> group(RuntimeCore& runtime, std::string_view name);
void join(Gathering& group, const Target& target, const Interface& its);
void leave(Gathering& group, const Target& target);
std::vector<Target> members(const Gathering& group, const Interface& wanted);

}  // namespace actor

// P: what its members accept: a Protocol, or an actor class. Members that joined as something that
// does not cover P are none as far as a Group<P> goes.
template <class P>
class Group final {
 public:
  Group() = default;  // empty: has no members, and nobody joins

  // A member that ends leaves by itself. Joining twice is joining once; who has ended does not
  // join.
  void join(const Ref<P>& member) const {
    if (group_ != nullptr && member) {
      actor::join(*group_, member.target(), actor::kInterface<P>);
    }
  }
  // Messages that were published before may still reach it.
  void leave(const Ref<P>& member) const {
    if (group_ != nullptr && member) {
      actor::leave(*group_, member.target());
    }
  }

  // Sends a copy to each member, in the order in which they joined; returns how many took it. Waits
  // for none that is full, which is counted there; with `until`, until then for all together. Those
  // that join meanwhile may miss it.
  template <class M>
  std::size_t publish(const M& message, Deadline until = Deadline::at_once()) const {
    static_assert(std::is_copy_constructible_v<M>, "each member gets a copy");
    std::size_t took = 0;
    for (const Ref<P>& member : all()) {
      took += member.send(M{message}, until) ? 1 : 0;
    }
    return took;
  }

  // Those that are in it now. Errors: closed (this is empty).
  Result<std::vector<Ref<P>>> members() const {
    if (group_ == nullptr) {
      return Error{Code::closed, "members of a group: the handle is empty"};
    }
    return all();
  }

  // For the library.
  explicit Group(std::shared_ptr<actor::Gathering> group) noexcept : group_(std::move(group)) {}

 private:
  std::vector<Ref<P>> all() const {
    std::vector<Ref<P>> refs;
    if (group_ != nullptr) {
      for (const actor::Target& target : actor::members(*group_, actor::kInterface<P>)) {
        refs.emplace_back(target);
      }
    }
    return refs;
  }

  std::shared_ptr<actor::Gathering> group_;
};

}  // namespace troupe
