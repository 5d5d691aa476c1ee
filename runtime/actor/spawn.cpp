// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/spawn.hpp"

#include "troupe/base/check.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/failure.hpp"
#include "troupe/runtime/actor/internal/remote.hpp"
#include "troupe/runtime/actor/internal/seat.hpp"
#include "troupe/runtime/actor/internal/supervising.hpp"
#include "troupe/runtime/actor/internal/watching.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <memory>
#include <utility>

namespace troupe::actor {
namespace {

// The first thing that an actor hears, where it wants to; its supervisor is told when it has.
class Start final : public Control {
 public:
  Start(const Target& supervisor, std::unique_ptr<Control> then)
      : supervisor_(supervisor), then_(std::move(then)) {}

  void arrive(Cell& cell, Context& context) override {
    cell.type()->started(cell.object(), context);
    if (then_ == nullptr) {
      return;
    }
    if (cell.type() == &kActorType<Supervising>) {
      // Its children are part of its start.
      static_cast<Supervising*>(cell.object())->tell_of_start(supervisor_, std::move(then_));
    } else {
      supervisor_.cell->push(*then_.release(), supervisor_.number);
    }
  }
  void miss(Cell& /*cell*/) override {}

 private:
  const Target supervisor_;
  std::unique_ptr<Control> then_;
};

System& actors_of(RuntimeCore& runtime) {
  TROUPE_CHECK(runtime.actors() != nullptr && "this runtime can have actors");
  return *runtime.actors();
}

}  // namespace

Spawning::Spawning(RuntimeCore& runtime, const ActorType& type, const ActorOptions* options,
                   Cell* parent)
    : cell_(actors_of(runtime).take_cell()),
      memory_(cell_.prepare(type, options, parent != nullptr ? parent->number() : 0)),
      parent_(parent) {
  TROUPE_CHECK((type.reads || options == nullptr || options->placement != Placement::process) &&
               "an actor in a process of its own: spawn_process, or a supervisor's add");
  if (options != nullptr && options->placement == Placement::thread) {
    cell_.system().scheduler().dedicate(cell_);
  }
}

Target Spawning::ready() noexcept {
  System& system = cell_.system();
  const Target target{&cell_, system.number_for(cell_)};
  system.begun();
  if (seat_ != nullptr) {
    monitor(*parent_, target);
  }
  if (cell_.type()->started != nullptr) {
    // NOLINTBEGIN(bugprone-unhandled-exception-at-new): without memory the program ends here
    cell_.push(seat_ != nullptr
                   ? *new Start({parent_, parent_->number()}, child_started(target.number))
                   : *new Start({}, nullptr),
               target.number);
    // NOLINTEND(bugprone-unhandled-exception-at-new)
  }
  if (parent_ != nullptr) {
    adopt(*parent_, target);
  }
  settle(target, true);
  if (system.stopping()) {
    tell_to_stop(target);
  }
  return target;
}

Target Spawning::failed() noexcept {
  System& system = cell_.system();
  const Target target{&cell_, system.number_for(cell_)};
  system.begun();
  if (seat_ != nullptr) {
    monitor(*parent_, target);
  }
  Exit exit{.kind = Exit::Kind::failed,
            .what = "its constructor threw: " + text_of_current_exception()};
  system.runtime().log().write(LogLevel::error, exit.what, cell_.text());
  cell_.push(*stop_request(std::move(exit)), target.number);
  settle(target, false);
  return target;
}

void Spawning::supervise(std::shared_ptr<Seat> seat, const Interface& its, int restarts) {
  Extras& extras = cell_.need_extras();
  extras.entries.push_back(seat);
  extras.restarts = static_cast<std::uint64_t>(restarts);
  seat_ = std::move(seat);
  its_ = &its;
}

void Spawning::reach(std::shared_ptr<Remote> remote) {
  cell_.set_remote(std::move(remote));
}

void Spawning::settle(const Target& target, bool object_made) noexcept {
  cell_.settle(target.number, object_made);
  if (Courier* const courier = cell_.system().courier(); courier != nullptr) [[unlikely]] {
    courier->spawned(target.number, cell_.text());
  }
  if (seat_ != nullptr) {
    seat_->give(target, *its_);
  }
}

}  // namespace troupe::actor
