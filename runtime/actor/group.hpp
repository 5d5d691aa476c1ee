// SPDX-License-Identifier: Apache-2.0
#pragma once

// Group: some actors under a name, for messages to all of them: those that joined here, and those
// of other nodes that joined the group of that name there, as long as there is a link to them. A
// small value: copied freely; all that Runtime::group gives for one name mean the same group.
// Thread-safe.

#include "troupe/base/deadline.hpp"
#include "troupe/runtime/actor/interface.hpp"
#include "troupe/runtime/actor/ref.hpp"
#include "troupe/runtime/actor/remote_message.hpp"

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
// `crossing`: how the messages of what it joined as cross to other nodes.
void join(Gathering& group, const Target& target, const Interface& its, RemoteMessages crossing);
void leave(Gathering& group, const Target& target);
std::vector<Target> members(const Gathering& group, const Interface& wanted,
                            RemoteMessages crossing);

}  // namespace actor

// P: what its members accept: a Protocol, or an actor class. Members that joined as something that
// does not cover P are none as far as a Group<P> goes. Other nodes see a member that joined here as
// something that crosses, of a class with its Accepts; an actor of another node that joins here is
// seen here only.
template <class P>
class Group final {
 public:
  Group() = default;  // empty: has no members, and nobody joins

  // A member that ends leaves by itself. Joining twice is joining once; who has ended does not
  // join.
  void join(const Ref<P>& member) const {
    if (group_ != nullptr && member) {
      actor::join(*group_, member.target(), actor::kInterface<P>, actor::crossing_messages<P>());
    }
  }
  // Messages that were published before may still reach it.
  void leave(const Ref<P>& member) const {
    if (group_ != nullptr && member) {
      actor::leave(*group_, member.target());
    }
  }

  // Sends a copy to each member, in the order in which they joined, those of other nodes last;
  // returns how many took it, or to how many others it is on its way. Waits for none that is full,
  // which is counted there; with `until`, until then for all together. Those that join meanwhile
  // may miss it.
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
      for (const actor::Target& target :
           actor::members(*group_, actor::kInterface<P>, actor::crossing_messages<P>())) {
        refs.emplace_back(target);
      }
    }
    return refs;
  }

  std::shared_ptr<actor::Gathering> group_;
};

}  // namespace troupe
