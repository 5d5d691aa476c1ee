// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/answer.hpp"

#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace troupe::actor {

// What is to be done once the answer is there: instead of somebody who waits.
struct AnswerBase::Watch final : fiber::Watcher {
  virtual ~Watch() = default;

  std::function<void()> announce() noexcept override {
    if (bell) {
      const std::uint64_t one = 1;
      (void)!::write(bell.get(), &one, sizeof one);
    }
    return std::exchange(done, nullptr);
  }

  UniqueFd bell;
  std::function<void()> done;
};

void AnswerBase::defer() noexcept {
  deferred_.store(true);  // pairs with wait_as: either it sees this, or we see who waits
  if (unwanted()) {
    return;  // who has given up may be of a runtime that is gone
  }
  release_asker();
}

void AnswerBase::release_asker() noexcept {
  if (Cell* const asker = asker_.load(); asker != nullptr && asked_ != nullptr) {
    asker->wait_no_more_for(*asked_);
  }
}

std::optional<Error> AnswerBase::wait(RuntimeCore& runtime, Deadline until, const char* doing) {
  Cell* const self = Cell::current();
  if (self == nullptr) {
    return wait_unrecorded(runtime, until, doing);
  }
  until = earlier(until, Deadline{self->deadline()});
  return asked_ == nullptr || deferred_.load() ? wait_unrecorded(runtime, until, doing)
                                               : wait_as(*self, runtime, until, doing);
}

// As Ref::ask does: says who waits for whom, until the answer comes or is left to others.
std::optional<Error> AnswerBase::wait_as(Cell& self, RuntimeCore& runtime, Deadline until,
                                         const char* doing) {
  asker_.store(&self);
  std::string circle;
  const bool waits_for_us = self.wait_for(*asked_, &circle);
  if (deferred_.load() || waiter_.fired()) {
    self.wait_no_more();
  }
  std::optional<Error> error;
  if (waits_for_us && self.waits_for() != nullptr) {
    error.emplace(Code::refused, std::string{doing} + ": nobody would ever answer: " + circle);
  } else {
    error = wait_unrecorded(runtime, until, doing);
  }
  asker_.store(nullptr);
  self.wait_no_more();
  return error;
}

std::optional<Error> AnswerBase::wait_unrecorded(RuntimeCore& runtime, Deadline until,
                                                 const char* doing) {
  if (watch_ != nullptr && !waiter_.watch(nullptr)) {
    return std::nullopt;  // it has come meanwhile
  }
  const auto outcome = waiter_.wait(runtime, until);
  if (outcome == fiber::Waiter::Outcome::fired) {
    return std::nullopt;
  }
  if (watch_ != nullptr && !waiter_.watch(watch_.get())) {
    return std::nullopt;
  }
  return error_of(outcome, doing);
}

void AnswerBase::when_ready(std::function<void()> done) {
  // Instead of a ready_fd, which nobody looks at any more.
  if (watch_ != nullptr && !waiter_.watch(nullptr)) {
    done();
    return;
  }
  watch_ = std::make_shared<Watch>();
  // Who answers may still be within the handler, whose deadline this was: `done` may free it.
  watch_->done = [this, done = std::move(done)] {
    if (Cell* const cell = Cell::current(); cell != nullptr) {
      cell->has_answered(*this);
    }
    done();
  };
  if (!waiter_.watch(watch_.get())) {
    watch_->announce()();
  }
}

int AnswerBase::ready_fd() {
  if (watch_ == nullptr) {
    auto watch = std::make_shared<Watch>();
    watch->bell = UniqueFd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (!watch->bell) {
      throw Error::system("make a future's ready_fd", errno);
    }
    watch_ = std::move(watch);
    if (!waiter_.watch(watch_.get())) {
      (void)watch_->announce();
    }
  }
  return watch_->bell.get();
}

void AnswerBase::release() noexcept {
  // One that was left to others has no handler any more, and its actor's runtime may be gone.
  if (asked_ != nullptr && !ready() && !deferred_.load()) {
    given_up_.store(true);  // pairs with Cell::ask_stop_token: either it sees this, or we the token
    asked_->hear_of_give_up(*this);
  }
  if (!waiter_.abandon()) {
    free_(*this);
  }
}

}  // namespace troupe::actor
