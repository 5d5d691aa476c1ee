// SPDX-License-Identifier: Apache-2.0
// A subscriber that is a ring, which a Stream reads.
#include "troupe/base/check.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/handler_deadline.hpp"
#include "troupe/runtime/actor/internal/subscriber.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace troupe::actor {

StreamSubscriber::StreamSubscriber(std::string text, std::size_t capacity)
    : text_(std::move(text)), ring_(capacity) {
  note_reader();
}

// ---- the reader --------------------------------------------------------------------------------

std::optional<Result<SharedMessage>> StreamSubscriber::try_next() {
  SharedMessage message;
  std::uint64_t missed = 0;
  {
    const std::lock_guard lock{lock_};
    note_reader();
    if (!readable()) {
      return std::nullopt;
    }
    missed = std::exchange(missed_, 0);
    if (missed == 0 && count_ > 0) {
      message = pop();
      let_publishers_in();
    }
    if (!readable()) {
      silence_bell();
    }
  }
  if (missed > 0) {
    return Error{Code::overloaded, "missed " + std::to_string(missed) +
                                       " messages of a topic: this stream was read too slowly"};
  }
  if (message == nullptr) {
    return Error{Code::closed, "next: the topic has ended, and all of it was read"};
  }
  return message;
}

Result<void> StreamSubscriber::wait(RuntimeCore& runtime, Deadline until) {
  until = within_handler(until);
  fiber::Waiter waiter;
  {
    const std::lock_guard lock{lock_};
    note_reader();
    if (readable()) {
      return {};
    }
    TROUPE_CHECK(reader_ == nullptr && "a stream has one reader");
    reader_ = &waiter;
  }
  // A deadline that has passed is not waited for: not even a turn of others.
  const auto outcome =
      until.passed() ? fiber::Waiter::Outcome::timed_out : waiter.wait(runtime, until);
  const std::lock_guard lock{lock_};
  reader_ = nullptr;
  if (readable()) {
    return {};
  }
  return error_of(outcome, "next of a topic's stream");
}

int StreamSubscriber::ready_fd() {
  const std::lock_guard lock{lock_};
  if (!bell_) {
    bell_ = UniqueFd{::eventfd(readable() ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (!bell_) {
      throw Error::system("make a stream's ready_fd", errno);
    }
  }
  return bell_.get();
}

void StreamSubscriber::drop() {
  std::vector<SharedMessage> unread;
  const std::lock_guard lock{lock_};
  gone_.store(true);
  unread.swap(ring_);  // destroyed after the lock is given back
  count_ = 0;
  let_publishers_in();
}

// ---- the publishers ----------------------------------------------------------------------------

void StreamSubscriber::put(const SharedMessage& message) {
  SharedMessage overwritten;  // destroyed after the lock is given back
  const std::lock_guard lock{lock_};
  overwritten = push(message);
}

void StreamSubscriber::put_reserved(const SharedMessage& message) {
  const std::lock_guard lock{lock_};
  --reserved_;
  (void)push(message);  // there is room
}

void StreamSubscriber::close() {
  const std::lock_guard lock{lock_};
  closed_ = true;
  news();
}

bool StreamSubscriber::has_room() {
  const std::lock_guard lock{lock_};
  return room();
}

void StreamSubscriber::reserve() {
  const std::lock_guard lock{lock_};
  ++reserved_;
}

void StreamSubscriber::release() {
  const std::lock_guard lock{lock_};
  --reserved_;
  let_publishers_in();
}

Result<void> StreamSubscriber::wait_for_room(RuntimeCore& runtime, Deadline until) {
  Publisher publisher;
  if (publisher.cell = Cell::current(); publisher.cell != nullptr) {
    {
      const std::lock_guard lock{lock_};
      publisher.asked = reading_actor();
    }
    std::string circle;
    if (publisher.asked != nullptr && publisher.cell->wait_for(*publisher.asked, &circle)) {
      publisher.cell->wait_no_more();
      return Error{Code::refused, "publish: " + text_ + " is full, and would stay so: " + circle};
    }
  }
  const auto outcome = wait_as(publisher, runtime, until);
  if (publisher.cell != nullptr) {
    publisher.cell->wait_no_more();
  }
  if (outcome != fiber::Waiter::Outcome::fired) {
    return error_of(outcome, "publish");
  }
  return {};
}

fiber::Waiter::Outcome StreamSubscriber::wait_as(Publisher& publisher, RuntimeCore& runtime,
                                                 Deadline until) {
  {
    const std::lock_guard lock{lock_};
    if (room() || (publisher.cell != nullptr && publisher.asked != reading_actor())) {
      return fiber::Waiter::Outcome::fired;
    }
    publishers_.push_back(&publisher);
  }
  const auto outcome = publisher.room.wait(runtime, until);
  const std::lock_guard lock{lock_};
  std::erase(publishers_, &publisher);
  return outcome;
}

// ---- with lock_ held ---------------------------------------------------------------------------

// Returns what had to go.
SharedMessage StreamSubscriber::push(const SharedMessage& message) {
  SharedMessage overwritten;
  if (gone_.load()) {
    return overwritten;
  }
  if (count_ == ring_.size()) {
    overwritten = pop();
    ++missed_;
  }
  ring_[(first_ + count_) % ring_.size()] = message;
  ++count_;
  news();
  return overwritten;
}

SharedMessage StreamSubscriber::pop() noexcept {
  SharedMessage oldest = std::move(ring_[first_]);
  first_ = (first_ + 1) % ring_.size();
  --count_;
  return oldest;
}

void StreamSubscriber::news() noexcept {
  ring_bell();
  if (fiber::Waiter* const reader = std::exchange(reader_, nullptr); reader != nullptr) {
    (void)reader->fire();
  }
}

// All of them: who finds no room at another reader leaves the room here to the next.
void StreamSubscriber::let_publishers_in() noexcept {
  for (Publisher* const publisher : publishers_) {
    if (publisher->asked != nullptr) {
      // Before it runs again: what the reader asks it meanwhile is no circle.
      publisher->cell->wait_no_more_for(*publisher->asked);
    }
    (void)publisher->room.fire();
  }
  publishers_.clear();
}

// Who reads is whom publishers wait for. (Those who wait when that changes are let in by what is
// read then.)
void StreamSubscriber::note_reader() noexcept {
  Cell* const self = Cell::current();
  owner_ = {self, self != nullptr ? self->number() : 0};
}

Cell* StreamSubscriber::reading_actor() const noexcept {
  return owner_.cell != nullptr && owner_.cell->is(owner_.number) ? owner_.cell : nullptr;
}

void StreamSubscriber::ring_bell() noexcept {
  if (bell_ && count_ <= 1) {
    const std::uint64_t one = 1;
    (void)!::write(bell_.get(), &one, sizeof one);
  }
}

void StreamSubscriber::silence_bell() noexcept {
  if (bell_) {
    std::uint64_t rung = 0;
    (void)!::read(bell_.get(), &rung, sizeof rung);
  }
}

}  // namespace troupe::actor
