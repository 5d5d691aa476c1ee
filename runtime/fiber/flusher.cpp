// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/flusher.hpp"

#include "troupe/base/check.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace troupe {
namespace {

// What the calling thread left behind: part of the current fiber's state, for which a thread
// stands.
thread_local std::vector<std::weak_ptr<Flushable>> left_behind;
thread_local std::uint64_t waits = 0;

}  // namespace

Flusher::Flusher(Executor& executor, Poller& poller)
    : executor_(executor), poller_(poller), news_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!news_) {
    throw Error::system("make a Runtime: eventfd", errno);
  }
}

Flusher::~Flusher() {
  std::unique_lock lock{mutex_};
  stopping_ = true;
  const std::uint64_t one = 1;
  TROUPE_CHECK(::write(news_.get(), &one, sizeof one) == sizeof one || errno == EAGAIN);
  ended_.wait(lock, [this] { return !running_; });
}

void Flusher::add(std::weak_ptr<Flushable> buffer) {
  const std::lock_guard lock{mutex_};
  added_.push_back(std::move(buffer));
  if (!running_) {
    executor_.execute([this] { run(); });  // may throw; what it runs waits for the lock
    running_ = true;
  } else if (std::exchange(asleep_, false)) {
    const std::uint64_t one = 1;
    TROUPE_CHECK(::write(news_.get(), &one, sizeof one) == sizeof one || errno == EAGAIN);
  }
}

void Flusher::run() {
  ::prctl(PR_SET_TIMERSLACK, 1000UL);  // ns: kDelay is to mean what it says
  Buffers buffers;
  while (take_added(buffers)) {
    Buffers young;
    Buffers blocked;
    for (auto& buffer : buffers) {
      const auto held = buffer.lock();
      const auto rest = held != nullptr ? held->flush_old() : Flushable::Rest::none;
      if (rest != Flushable::Rest::none) {
        (rest == Flushable::Rest::young ? young : blocked).push_back(std::move(buffer));
      }
    }
    wait_for_news(blocked, young.empty() ? Deadline{forever} : Deadline{kDelay});
    buffers = std::move(young);
    buffers.insert(buffers.end(), std::make_move_iterator(blocked.begin()),
                   std::make_move_iterator(blocked.end()));
  }
  const std::lock_guard lock{mutex_};
  running_ = false;
  ended_.notify_all();  // under the lock: the destructor goes on only once this thread has let go
}

// False: the end.
bool Flusher::take_added(Buffers& buffers) {
  const std::lock_guard lock{mutex_};
  asleep_ = false;
  buffers.insert(buffers.end(), std::make_move_iterator(added_.begin()),
                 std::make_move_iterator(added_.end()));
  added_.clear();
  return !stopping_;
}

void Flusher::wait_for_news(const Buffers& blocked, Deadline until) {
  std::vector<std::shared_ptr<Flushable>>
      held;  // their descriptors stay open while they are polled
  std::vector<PollItem> items{{{news_.get(), POLLIN}}};
  for (const auto& buffer : blocked) {
    if (auto alive = buffer.lock()) {
      items.push_back({alive->writable()});
      held.push_back(std::move(alive));
    }
  }
  {
    const std::lock_guard lock{mutex_};
    if (stopping_) {
      return;
    }
    if (!added_.empty()) {
      until = earlier(until, Deadline{kDelay});
    } else {
      asleep_ = true;
    }
  }
  (void)poller_.wait(items, until);  // ready or not, the buffers are looked at next
  std::uint64_t rung = 0;
  if (items.front().ready) {
    (void)!::read(news_.get(), &rung, sizeof rung);
    // What was just buffered is its sender's to flush for a while.
    (void)poller_.wait({}, kDelay);
  }
}

void flush_before_park(std::weak_ptr<Flushable> buffer) {
  left_behind.push_back(std::move(buffer));
}

std::uint64_t waits_of_thread() noexcept {
  return waits;
}

void flush_own_buffers() {
  ++waits;
  if (left_behind.empty()) {
    return;
  }
  const auto buffers = std::exchange(left_behind, {});
  for (const auto& buffer : buffers) {
    if (const auto held = buffer.lock()) {
      (void)held->flush_all();  // what the kernel does not take is the Flusher's
    }
  }
}

}  // namespace troupe
