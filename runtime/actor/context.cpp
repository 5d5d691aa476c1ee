// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/context.hpp"

#include "troupe/base/check.hpp"
#include "troupe/base/random.hpp"
#include "troupe/runtime/actor/internal/blocking_calls.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/timer_state.hpp"
#include "troupe/runtime/actor/internal/watching.hpp"
#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/internal/worker.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace troupe {

RuntimeCore& runtime_of(const Context& context) {
  return const_cast<Context&>(context).cell().system().runtime();
}

namespace actor {
namespace {

// A call that an actor makes as if it were a message to it.
class Call final : public Control {
 public:
  explicit Call(std::function<void()> function) : function_(std::move(function)) {}
  void arrive(Cell& /*cell*/, Context& /*context*/) override { function_(); }
  void miss(Cell& /*cell*/) override {}

 private:
  std::function<void()> function_;
};

}  // namespace

bool was_stashed(const Context& context) noexcept {
  return const_cast<Context&>(context).cell().stashing();
}

std::function<void()> in_this_actor(std::function<void()> done) {
  Cell* const self = Cell::current();
  if (self == nullptr) {
    return done;
  }
  // The call's memory is taken now, so that it cannot fail later.
  auto call = std::make_shared<std::unique_ptr<Control>>(std::make_unique<Call>(std::move(done)));
  return [self, number = self->number(), call = std::move(call)] {
    self->push(*call->release(), number);
  };
}

}  // namespace actor

ActorId Context::self() const {
  return actor::id_of(target());
}

actor::Target Context::target() const {
  return {&cell_, cell_.number()};
}

void Context::stop() {
  cell_.request_stop({});
}

void Context::fail(std::string what) {
  cell_.request_stop({.kind = Exit::Kind::failed, .what = std::move(what)});
}

void Context::monitor(const actor::Target& other) {
  actor::monitor(cell_, other);
}

void Context::demonitor(const actor::Target& other) {
  actor::demonitor(cell_, other);
}

void Context::link(const actor::Target& other) {
  actor::link(cell_, other);
}

Result<void> Context::room_to_stash(std::size_t bytes) {
  return cell_.room_to_stash(bytes);
}

void* Context::stash_current(bool& is_question) {
  TROUPE_CHECK(in_work_ != nullptr && "stash: in a handler of an actor class");
  return cell_.stash(*in_work_, is_question);
}

void Context::unstash() {
  cell_.unstash();
}

Result<void> Context::sleep(Duration time) {
  fiber::Waiter nothing;
  const Deadline wake{time};
  const auto outcome =
      nothing.wait(cell_.system().runtime(), earlier(wake, Deadline{cell_.deadline()}));
  if (outcome == fiber::Waiter::Outcome::timed_out && wake.passed()) {
    return {};
  }
  return fiber::error_of(outcome, "sleep");
}

void actor::run_blocking(RuntimeCore& runtime, const std::function<void()>& work) {
  Cell* const self = Cell::current();
  if (self == nullptr) {
    work();
    return;
  }
  // Longer than the runtime, where that is not this actor's.
  std::optional<BlockingCalls::Scope> call;
  if (runtime.actors() != nullptr) {
    call.emplace(runtime.actors()->blocking_calls(), *self, runtime.clock().now());
  }
  runtime.scheduler().run_blocking(work);
}

Deadline Context::deadline() const {
  return Deadline{cell_.deadline()};
}

std::stop_token Context::stop_token() const {
  return cell_.stop_token();
}

std::stop_token Context::ask_stop_token() const {
  return cell_.ask_stop_token();
}

Instant Context::now() const {
  return cell_.system().runtime().clock().now();
}

std::uint64_t Context::random() {
  return cell_.system().runtime().random().next();
}

void Context::log(std::string_view line, LogLevel level, CodePlace where) const {
  if (const Log& log = cell_.system().runtime().log(); log.takes(level)) {
    log.write(level, line, cell_.text(), where);
  }
}

void Context::check_accepts(const actor::MessageType& type) const {
  const actor::ActorType& its = *cell_.type();
  if (its.reads) {
    return;
  }
  for (const actor::Accepted& accepted : its.accepts) {
    if (accepted.type == &type) {
      return;
    }
  }
  throw Error{Code::invalid_argument, "a timer of " + cell_.text() +
                                          ": its Accepts does not list " + std::string{type.name} +
                                          "; list it, or pass *this as the first argument"};
}

Timer Context::start_timer(Duration wait, Duration period, actor::WriteTimed write) {
  auto state = std::make_shared<actor::TimerState>(target(), period, std::move(write));
  fiber::Worker& worker = cell_.system().scheduler().worker_for_timers();
  cell_.keep(state);
  state->begin(worker, cell_.system().runtime().clock().now() + wait);
  return Timer{std::move(state)};
}

}  // namespace troupe
