// SPDX-License-Identifier: Apache-2.0
#pragma once

// Answer: the place where the reply to one ask is put, by one side, and waited for by the other.
// It lies in the ask's envelope (or alone, for a Promise), so a reply needs no memory of its own
// and cannot be refused. Who comes last frees it: the answerer, when the asker has given up; else
// the asker. The mechanism below Ref::ask, Future and Promise.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/runtime/fiber/waiter.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace troupe {
class RuntimeCore;
}

namespace troupe::actor {

class Cell;

class AnswerBase {
 public:
  using Free = void (*)(AnswerBase& answer) noexcept;
  using Fail = void (*)(AnswerBase& answer, Error error);

  AnswerBase(Free its_free, Fail its_fail) noexcept : free_(its_free), fail_(its_fail) {}
  AnswerBase(const AnswerBase&) = delete;
  AnswerBase& operator=(const AnswerBase&) = delete;

  // ---- the answerer: exactly one of these, once, and Answer::set is one ----
  void fail(Error error) { fail_(*this, std::move(error)); }

  // Nobody waits for it any more.
  bool unwanted() const noexcept { return waiter_.abandoned(); }
  // The same, and a little earlier: see release().
  bool given_up() const noexcept { return given_up_.load(); }
  // A request whose deadline has passed is not run.
  Instant deadline() const noexcept { return deadline_; }
  // The asker no longer waits for this actor: the reply is there, or will come from somewhere else.
  void defer() noexcept;

  // ---- the asker ----
  bool ready() const noexcept { return waiter_.fired(); }
  // Waits for the reply; nothing: it is there. Errors: timed_out, cancelled, overloaded, refused
  // (it would never come: the answerer waits for the calling actor). Afterwards it can be waited
  // for again.
  std::optional<Error> wait(RuntimeCore& runtime, Deadline until, const char* doing);
  // Calls `done` once the reply is there, on the thread that brings it; at once when it is. Instead
  // of waiting.
  void when_ready(std::function<void()> done);
  // Readable once the reply is there. Throws Error (overloaded, system).
  int ready_fd();
  // Gives it up: frees it, or leaves that to the answerer, who hears of it if it wants to.
  void release() noexcept;

 protected:
  ~AnswerBase() = default;
  void finish() noexcept {
    if (asker_.load(std::memory_order_relaxed) != nullptr) {
      release_asker();  // before it runs again: what the answerer asks it from now on is no circle
    }
    if (waiter_.fire() == fiber::Waiter::Found::abandoned) {
      free_(*this);
    }
  }

 private:
  friend class Asking;

  struct Watch;

  void release_asker() noexcept;
  std::optional<Error> wait_as(Cell& self, RuntimeCore& runtime, Deadline until, const char* doing);
  std::optional<Error> wait_unrecorded(RuntimeCore& runtime, Deadline until, const char* doing);

  const Free free_;
  const Fail fail_;
  fiber::Waiter waiter_;
  Instant deadline_ = Instant::max();
  // Which actor waits for this now, and who has to answer; for the wait-for graph. Null: none.
  std::atomic<Cell*> asker_{nullptr};
  Cell* asked_ = nullptr;
  std::atomic<bool> deferred_{false};
  std::atomic<bool> given_up_{false};
  std::shared_ptr<Watch> watch_;  // the asker's
};

template <class T>
class Answer final : public AnswerBase {
 public:
  explicit Answer(Free its_free) noexcept : AnswerBase(its_free, &fail_with) {}

  void set(Result<T> result) {
    result_.emplace(std::move(result));
    finish();
  }

  // Once it is ready.
  Result<T> take() { return std::move(*result_); }

 private:
  static void fail_with(AnswerBase& answer, Error error) {
    static_cast<Answer&>(answer).set(std::move(error));
  }

  std::optional<Result<T>> result_;
};

}  // namespace troupe::actor
