// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/internal/redial.hpp"

#include "troupe/base/backoff.hpp"
#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/fiber/waiter.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace troupe::queue {
namespace {

constexpr Backoff kPauses{std::chrono::milliseconds{5}, std::chrono::milliseconds{500}};
// How long one attempt may take.
constexpr Duration kAttempt = std::chrono::seconds{5};

// Not `refused`: the key and the certificates were right before, and a handshake that is cut off
// may look so.
bool is_final(Code code) noexcept {
  return code == Code::lost || code == Code::invalid_argument || code == Code::cancelled;
}

}  // namespace

// Where there are no threads.
class Redial::Dialing final {
 public:
  explicit Dialing(std::shared_ptr<Redial> redial) : redial_(std::move(redial)) {}

  void started(Context& context) {
    redial_->run();
    context.stop();
  }

 private:
  const std::shared_ptr<Redial> redial_;
};

Redial::Redial(std::shared_ptr<const Caller> caller, std::uint64_t client, const Resumed& resumed,
               Duration patience, std::shared_ptr<const UniqueFd> owner)
    : caller_(std::move(caller)),
      client_(client),
      resumed_(resumed),
      until_(patience),
      owner_(std::move(owner)) {}

void Redial::start() {
  RuntimeCore& runtime = caller_->runtime();
  if (runtime.executor().has_threads()) {
    runtime.executor().execute([self = shared_from_this(), &runtime] {
      const RuntimeCore::Scope scope{runtime};
      self->run();
    });
  } else {
    (void)actor::spawn<Dialing>(runtime, nullptr, nullptr, shared_from_this());
  }
}

void Redial::run() {
  auto outcome = dial();
  std::optional<Result<Called>> unwanted;  // is closed without the lock
  const std::lock_guard lock{lock_};
  (given_up_ ? unwanted : outcome_) = std::move(outcome);
  change_.announce();
}

Result<Called> Redial::dial() {
  RuntimeCore& runtime = caller_->runtime();
  Backoff pauses = kPauses;
  for (;;) {
    fiber::Waiter never;
    const Deadline next{pauses.next(runtime.random().next())};
    if (never.wait(runtime, next) == fiber::Waiter::Outcome::cancelled) {
      return Error{Code::cancelled, "the runtime is stopping"};
    }
    if (has_ended(*owner_)) {
      return Error{Code::disconnected, "its process has ended"};
    }
    auto called = caller_->call(client_, resumed_, earlier(until_, Deadline{kAttempt}));
    if (called && called->welcome.queue != resumed_.queue) {
      return Error{Code::lost, "another queue is there now"};
    }
    if (called || is_final(called.error().code()) || given_up()) {
      return called;
    }
    if (until_.passed()) {
      return Error{Code::disconnected,
                   "it was not found again in time: " + std::string{called.error().what()}};
    }
  }
}

bool Redial::done() const {
  const std::lock_guard lock{lock_};
  return outcome_.has_value();
}

bool Redial::given_up() const {
  const std::lock_guard lock{lock_};
  return given_up_;
}

fiber::Waiter::Outcome Redial::wait(Deadline until) {
  std::unique_lock lock{lock_};
  while (!outcome_) {
    if (const auto outcome = change_.wait(caller_->runtime(), lock, until);
        outcome != fiber::Waiter::Outcome::fired && !outcome_) {
      return outcome;
    }
  }
  return fiber::Waiter::Outcome::fired;
}

Result<Called> Redial::take() {
  const std::lock_guard lock{lock_};
  return *std::move(outcome_);
}

void Redial::give_up() {
  std::optional<Result<Called>> unwanted;
  const std::lock_guard lock{lock_};
  given_up_ = true;
  std::swap(unwanted, outcome_);
}

}  // namespace troupe::queue
