// SPDX-License-Identifier: Apache-2.0
// Cell: that its actor is to end, and who is told so in the middle of a handler.
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/remote.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace troupe::actor {

void Cell::request_stop(Exit reason) {
  // Only the actor itself changes it.
  const Life life = life_.load(std::memory_order_relaxed);
  if (life == Life::ended || life == Life::vacant) {
    return;
  }
  // What fails after it was told to stop has failed.
  if (!reason.ok() && (life == Life::alive || need_extras().ending.ok())) {
    need_extras().ending = std::move(reason);
  }
  life_.store(Life::ending, std::memory_order_relaxed);
}

// A request that came before somebody asked for the token is among what the actor has yet to hear.
// The source is made before that is looked at, and a request is put there before the source is
// looked for (see tell_to_stop): one of the two sees the other.
std::stop_token Cell::stop_token() {
  Extras& its = need_extras();
  std::optional<std::stop_source> source;
  {
    const std::lock_guard lock{its.lock};
    if (!its.stop) {
      its.stop.emplace();
    }
    source = its.stop;
  }
  if (is_to_stop()) {
    source->request_stop();  // without the lock: it calls the user's callbacks
  }
  return source->get_token();
}

std::stop_token Cell::ask_stop_token() {
  const AnswerBase* const answer = answer_;
  if (answer == nullptr) {
    return stop_token();
  }
  const std::uint64_t handled = handled_.load(std::memory_order_relaxed);
  Extras& its = need_extras();
  std::optional<std::stop_source> source;
  {
    const std::lock_guard lock{its.lock};
    // The next ask may be where an earlier one was.
    if (!its.ask_stop || its.ask_stop_answer != answer || its.ask_stop_handled != handled) {
      its.ask_stop.emplace();
      its.ask_stop_answer = answer;
      its.ask_stop_handled = handled;
    }
    source = its.ask_stop;
  }
  if (answer->given_up() || is_to_stop()) {
    source->request_stop();
  }
  return source->get_token();
}

void Cell::hear_of_give_up(const AnswerBase& answer) noexcept {
  Extras* const its = extras_.load();  // sequentially consistent, as what the answer has been told
  if (its == nullptr) {
    return;
  }
  std::optional<std::stop_source> source;
  std::shared_ptr<Remote> remote;
  {
    const std::lock_guard lock{its->lock};
    if (its->ask_stop_answer == &answer) {
      source = its->ask_stop;
    }
    remote = its->remote;
  }
  if (source) {
    source->request_stop();
  }
  if (remote != nullptr) {
    remote->given_up(*this, answer);
  }
}

void Cell::set_remote(std::shared_ptr<Remote> remote) {
  Extras& its = need_extras();
  const std::lock_guard lock{its.lock};
  its.remote.swap(remote);  // the former goes without the lock
}

std::shared_ptr<Remote> Cell::remote(std::uint64_t number) const {
  Extras* const its = extras();
  if (its == nullptr) {
    return nullptr;
  }
  const std::lock_guard lock{its->lock};
  return is(number) ? its->remote : nullptr;
}

Deadline Cell::end_by() const noexcept {
  const Extras* const its = extras();
  return its != nullptr ? Deadline{its->end_by} : forever;
}

bool Cell::is_to_stop() const noexcept {
  return ending() || system().runtime().stopping() || was_told_to_stop();
}

// Only the actor itself takes out what is there.
bool Cell::was_told_to_stop() const noexcept {
  const Extras* const its = extras();
  for (const Control* first : {const_cast<const Control*>(controls_.load()),
                               const_cast<const Control*>(its != nullptr ? its->heard : nullptr)}) {
    for (const Control* each = first; each != nullptr; each = each->next_) {
      if (each->is_stop() && each->target_ == number_.load(std::memory_order_relaxed)) {
        return true;
      }
    }
  }
  return false;
}

void Cell::request_stop_of_token(std::uint64_t number) {
  Extras* const its = extras_.load();  // sequentially consistent, as the request that went before
  if (its == nullptr) {
    return;
  }
  std::optional<std::stop_source> source;
  std::optional<std::stop_source> of_ask;
  {
    const std::lock_guard lock{its->lock};
    if (is(number)) {  // or it would be the next actor's
      source = its->stop;
      of_ask = its->ask_stop;
    }
  }
  for (auto* const each : {&source, &of_ask}) {
    if (*each) {
      (*each)->request_stop();
    }
  }
}

}  // namespace troupe::actor
