// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/named.hpp"

#include "troupe/base/check.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/directory.hpp"
#include "troupe/runtime/actor/internal/seat.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

namespace troupe::actor {
namespace {

Error empty_error() {
  return {Code::closed, "the handle is empty"};
}

// In a handler no wait outlives the one of who asked for it.
Deadline bounded(Deadline until) {
  const Cell* const self = Cell::current();
  return self != nullptr ? earlier(until, Deadline{self->deadline()}) : until;
}

}  // namespace

Result<Target> holder_of(const Naming& naming, const Interface& wanted) {
  if (naming.seat != nullptr) {
    return naming.seat->holder(wanted);
  }
  if (naming.target.cell == nullptr) {
    return empty_error();
  }
  return naming.target;
}

Result<Target> await_holder(const Naming& naming, const Interface& wanted, Deadline until) {
  if (naming.seat != nullptr) {
    return naming.seat->await(wanted, bounded(until));
  }
  return holder_of(naming, wanted);
}

Sent find_holder(const Naming& naming, const Interface& wanted, Target& target) {
  if (naming.seat != nullptr) {
    return naming.seat->find(wanted, target);
  }
  target = naming.target;  // an empty one is `closed` there
  return Sent{};
}

Deadline usual_ask_deadline(const Naming& naming) {
  if (naming.seat != nullptr) {
    return naming.seat->system().ask_deadline();
  }
  return naming.target.cell != nullptr ? naming.target.cell->system().ask_deadline()
                                       : Deadline::at_once();
}

RuntimeCore& runtime_of(const Naming& naming) {
  return naming.seat != nullptr ? naming.seat->system().runtime() : runtime_of(naming.target);
}

Naming name(RuntimeCore& runtime, std::string_view name) {
  TROUPE_CHECK(runtime.actors() != nullptr && "this runtime can have actors");
  return {runtime.actors()->directory().seat(name), {}};
}

Result<void> register_name(RuntimeCore& runtime, std::string_view name, const Target& target,
                           const Interface& its) {
  TROUPE_CHECK(runtime.actors() != nullptr && "this runtime can have actors");
  return runtime.actors()->directory().register_name(name, target, its);
}

Naming unnamed_seat(RuntimeCore& runtime, std::string text) {
  TROUPE_CHECK(runtime.actors() != nullptr && "this runtime can have actors");
  auto seat = std::make_shared<Seat>(*runtime.actors(), std::move(text));
  seat->set_succession(Succession::always);
  return {std::move(seat), {}};
}

Result<void> give_seat(const Naming& naming, const Target& target, const Interface& its) {
  if (!enter(target, naming.seat)) {
    return Error{Code::closed, "take a name: the actor has ended"};
  }
  Result<void> taken = naming.seat->take(target, its);
  if (!taken) {
    strike_out(target, *naming.seat);
  }
  return taken;
}

}  // namespace troupe::actor
