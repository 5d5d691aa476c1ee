// SPDX-License-Identifier: Apache-2.0
#pragma once

// Future and Promise: a value that comes later, and who brings it. ask_async gives a Future; a
// handler that answers later returns a Promise and keeps a copy.

#include "troupe/base/check.hpp"
#include "troupe/base/spin_lock.hpp"
#include "troupe/runtime/actor/answer.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace troupe {

namespace actor {
// Runs `done` as a message to the actor whose handler this thread runs, which may touch its state
// then; at once when there is none.
std::function<void()> in_this_actor(std::function<void()> done);
}  // namespace actor

// One thread's, or one actor's, at a time. Move-only; dropped, it gives up: a handler that has not
// begun is not run.
template <class T>
class [[nodiscard]] Future final {
 public:
  Future() = default;  // empty: any use is `closed`
  Future(Future&& other) noexcept
      : runtime_(other.runtime_), answer_(std::exchange(other.answer_, nullptr)) {}
  Future& operator=(Future&& other) noexcept {
    std::swap(answer_, other.answer_);
    std::swap(runtime_, other.runtime_);
    return *this;
  }
  ~Future() { cancel(); }

  // Waits for the value and takes it; afterwards the future is empty. Errors: the answerer's;
  // timed_out and cancelled, which leave it as it is; closed (empty).
  Result<T> get(Deadline until = forever) {
    if (auto waited = wait(until); !waited) {
      return waited.error();
    }
    Result<T> result = answer_->take();
    std::exchange(answer_, nullptr)->release();
    return result;
  }
  // Waits until get() would not.
  Result<void> wait(Deadline until = forever) {
    if (answer_ == nullptr) {
      return Error{Code::closed, "wait for a future: it is empty"};
    }
    if (answer_->ready()) {
      return {};
    }
    if (auto error = answer_->wait(*runtime_, until, "wait for an answer")) {
      return *error;
    }
    return {};
  }
  bool ready() const noexcept { return answer_ != nullptr && answer_->ready(); }
  bool is_empty() const noexcept { return answer_ == nullptr; }
  // Gives it up; empty then.
  void cancel() noexcept {
    if (answer_ != nullptr) {
      std::exchange(answer_, nullptr)->release();
    }
  }
  // Calls continuation(Result<T>) with the value once it is there: in an actor, as a message to it;
  // elsewhere on the thread that brings it, which it must not hold up. The future is empty then.
  template <class F>
  void then(F continuation) {
    if (answer_ == nullptr) {
      continuation(Result<T>{Error{Code::closed, "then: the future is empty"}});
      return;
    }
    struct Then {
      Future future;
      F continuation;
    };
    // It has the future: where it is never called, since its actor has ended, that is given up.
    auto then = std::make_shared<Then>(Then{std::move(*this), std::move(continuation)});
    actor::AnswerBase& answer = *then->future.answer_;
    answer.when_ready(actor::in_this_actor([then] { then->continuation(then->future.get()); }));
  }
  // Readable once ready: for wait_any and a program's own loop. Throws Error (closed, overloaded,
  // system).
  int ready_fd() const {
    if (answer_ == nullptr) {
      throw Error{Code::closed, "ready_fd: the future is empty"};
    }
    return answer_->ready_fd();
  }

  // For the library: takes the asker's side of `answer`.
  Future(RuntimeCore& runtime, actor::Answer<T>& answer) : runtime_(&runtime), answer_(&answer) {}

 private:
  RuntimeCore* runtime_ = nullptr;
  actor::Answer<T>* answer_ = nullptr;
};

// Thread-safe; copies share. When the last copy goes without a value, the answer is an error:
// failed, or cancelled where the runtime stops.
template <class T>
class Promise final {
 public:
  // What is brought; of Promise<void>: nothing.
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  Promise() : shared_(std::make_shared<Shared>()) {}

  // The first of set and fail counts.
  void set(Value value) const requires(!std::is_void_v<T>) { shared_->finish(std::move(value)); }
  void set() const requires std::is_void_v<T> { shared_->finish(Result<void>{}); }
  void fail(Error error) const { shared_->finish(std::move(error)); }

  // Once; not for a promise that a handler returns.
  Future<T> future() const {
    struct Alone {
      static void free(actor::AnswerBase& answer) noexcept {
        delete static_cast<actor::Answer<T>*>(&answer);
      }
    };
    RuntimeCore* const runtime = RuntimeCore::current();
    if (runtime == nullptr) {
      throw Error{Code::invalid_argument, "Promise::future: this thread has no runtime"};
    }
    auto* const answer = new actor::Answer<T>(&Alone::free);
    Future<T> future{*runtime, *answer};
    bind(*answer);
    return future;
  }

  // For the library: the value goes there.
  void bind(actor::Answer<T>& answer) const { shared_->bind(answer); }

 private:
  struct Shared {
    Shared() = default;
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() {
      if (!begun) {
        const RuntimeCore* const runtime = RuntimeCore::current();
        finish(
            runtime != nullptr && runtime->stopping()
                ? Error{Code::cancelled, "the promise of an answer was dropped: the runtime stops"}
                : Error{Code::failed, "the promise of an answer was dropped"});
      }
    }

    // Values move without the lock: they are the user's. `value` is the first finisher's until it
    // says `ready`, then the binder's.
    void finish(Result<T> its_value) {
      actor::Answer<T>* waiting = nullptr;
      {
        const std::lock_guard guard{lock};
        if (std::exchange(begun, true)) {
          return;
        }
        waiting = bound;
      }
      if (waiting != nullptr) {
        waiting->set(std::move(its_value));
        return;
      }
      value.emplace(std::move(its_value));
      {
        const std::lock_guard guard{lock};
        ready = true;
        waiting = bound;
      }
      if (waiting != nullptr) {
        waiting->set(std::move(*value));
      }
    }

    void bind(actor::Answer<T>& answer) {
      {
        const std::lock_guard guard{lock};
        TROUPE_CHECK(bound == nullptr && "one future, or one answer, for a promise");
        bound = &answer;
        if (!ready) {
          return;
        }
      }
      answer.set(std::move(*value));
    }

    SpinLock lock;
    // Guarded by lock.
    bool begun = false;                 // somebody brings the value
    bool ready = false;                 // it is in `value`
    actor::Answer<T>* bound = nullptr;  // where it goes; perhaps gone, once it is there

    std::optional<Result<T>> value;
  };

  std::shared_ptr<Shared> shared_;
};

}  // namespace troupe
