// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/group.hpp"

#include "troupe/base/check.hpp"
#include "troupe/runtime/actor/internal/directory.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

namespace troupe::actor {

std::shared_ptr<Gathering> group(RuntimeCore& runtime, std::string_view name) {
  TROUPE_CHECK(runtime.actors() != nullptr && "this runtime can have actors");
  return runtime.actors()->directory().group(name);
}

void join(Gathering& group, const Target& target, const Interface& its, RemoteMessages crossing) {
  group.join(target, its, crossing);
}

void leave(Gathering& group, const Target& target) {
  group.leave(target);
}

std::vector<Target> members(const Gathering& group, const Interface& wanted,
                            RemoteMessages crossing) {
  return group.members(wanted, crossing);
}

}  // namespace troupe::actor
