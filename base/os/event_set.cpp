// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/os/event_set.hpp"

#include "troupe/base/check.hpp"

#include <poll.h>
#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

namespace troupe::os {
namespace {

constexpr std::uint64_t kEvent = 0;
constexpr std::uint64_t kStop = 1;

}  // namespace

Result<EventSet> EventSet::create() {
  UniqueFd set{::epoll_create1(EPOLL_CLOEXEC)};
  if (!set) {
    return Error::system("make an epoll set", errno);
  }
  return EventSet{std::move(set)};
}

Result<void> EventSet::add_bell(int fd) {
  return add(fd, EPOLLIN | EPOLLET, kEvent);
}

void EventSet::remove(int fd) noexcept {
  (void)::epoll_ctl(set_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

Result<void> EventSet::add_peer(int socket) {
  return add(socket, EPOLLIN | EPOLLRDHUP, kEvent);
}

void EventSet::ignore_input(int socket) noexcept {
  epoll_event event{.events = EPOLLRDHUP, .data = {.u64 = kEvent}};
  (void)::epoll_ctl(set_.get(), EPOLL_CTL_MOD, socket, &event);
}

Result<void> EventSet::add(int fd, std::uint32_t events, std::uint64_t what) {
  epoll_event event{.events = events, .data = {.u64 = what}};
  return ::epoll_ctl(set_.get(), EPOLL_CTL_ADD, fd, &event) == 0
             ? Result<void>{}
             : Error::system("add to an epoll set", errno);
}

Result<EventSet::Woken> EventSet::wait(int stop, Deadline until) {
  if (stop_ != stop) {
    TROUPE_CHECK(stop_ == -1);
    if (auto added = add(stop, EPOLLIN, kStop); !added) {
      return added.error();
    }
    stop_ = stop;
  }
  for (;;) {
    // epoll's own timeout has milliseconds only.
    if (!until.is_never() && !until.passed()) {
      pollfd item{set_.get(), POLLIN, 0};
      const Duration left = until.left();
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
      const timespec timeout{seconds.count(), (left - seconds).count()};
      if (::ppoll(&item, 1, &timeout, nullptr) < 0 && errno != EINTR) {
        return Error::system("wait for an epoll set", errno);
      }
    }
    std::array<epoll_event, 4> events;
    const int count = ::epoll_wait(set_.get(), events.data(), static_cast<int>(events.size()),
                                   until.is_never() ? -1 : 0);
    if (count < 0 && errno != EINTR) {
      return Error::system("wait for an epoll set", errno);
    }
    bool stopped = false;
    for (int i = 0; i < count; ++i) {
      if (events.at(static_cast<std::size_t>(i)).data.u64 != kStop) {
        return Woken::by_event;
      }
      stopped = true;
    }
    if (stopped) {
      return Woken::by_stop;
    }
    if (until.passed()) {
      return Woken::by_deadline;
    }
  }
}

void EventSet::take() noexcept {
  std::array<epoll_event, 4> events;
  (void)::epoll_wait(set_.get(), events.data(), static_cast<int>(events.size()), 0);
}

}  // namespace troupe::os
