// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/internal/reactor.hpp"

#include "troupe/base/check.hpp"
#include "troupe/base/deadline.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

namespace troupe::fiber {

Reactor::Reactor()
    : set_(::epoll_create1(EPOLL_CLOEXEC)), bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.fd = bell_.get()}};
  if (!set_ || !bell_ || ::epoll_ctl(set_.get(), EPOLL_CTL_ADD, bell_.get(), &event) != 0) {
    throw Error::system("start a worker: make an epoll set", errno);
  }
}

Result<void> Reactor::add(int fd, short events, Waiter& waiter) {
  auto& watches = watched_[fd];
  watches.push_back({events, &waiter});
  auto armed = arm(fd, watches);
  if (!armed) {
    remove(fd, waiter);
  }
  return armed;
}

void Reactor::remove(int fd, Waiter& waiter) noexcept {
  const auto found = watched_.find(fd);
  if (found == watched_.end()) {
    return;
  }
  std::erase_if(found->second, [&](const Watch& watch) { return watch.waiter == &waiter; });
  if (found->second.empty()) {
    (void)::epoll_ctl(set_.get(), EPOLL_CTL_DEL, fd, nullptr);
    watched_.erase(found);
  }
}

// Reports once: who is not served by the event arms it anew.
Result<void> Reactor::arm(int fd, const Watches& watches) {
  epoll_event event{.events = EPOLLONESHOT, .data = {.fd = fd}};
  for (const Watch& watch : watches) {
    event.events |= static_cast<std::uint32_t>(watch.events);
  }
  if (::epoll_ctl(set_.get(), EPOLL_CTL_ADD, fd, &event) == 0 ||
      (errno == EEXIST && ::epoll_ctl(set_.get(), EPOLL_CTL_MOD, fd, &event) == 0)) {
    return {};
  }
  return Error::system("wait for descriptor " + std::to_string(fd), errno);
}

void Reactor::report(int fd) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  if (::epoll_ctl(set_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    throw Error::system("add to an epoll set", errno);
  }
}

void Reactor::sleep(Deadline until) noexcept {
  if (!until.is_never()) {
    // epoll's own timeout has milliseconds only.
    pollfd item{set_.get(), POLLIN, 0};
    const Duration left = until.left();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec timeout{seconds.count(), (left - seconds).count()};
    (void)::ppoll(&item, 1, &timeout, nullptr);
    poll();
    return;
  }
  if (collect(-1)) {
    poll();
  }
}

void Reactor::ring() noexcept {
  const std::uint64_t one = 1;
  TROUPE_CHECK(::write(bell_.get(), &one, sizeof one) == sizeof one || errno == EAGAIN);
}

void Reactor::poll() noexcept {
  while (collect(0)) {
  }
}

// False: that was all there is now.
bool Reactor::collect(int timeout_ms) noexcept {
  std::array<epoll_event, 64> events;
  const int count =
      ::epoll_wait(set_.get(), events.data(), static_cast<int>(events.size()), timeout_ms);
  for (int i = 0; i < count; ++i) {
    const auto& event = events.at(static_cast<std::size_t>(i));
    if (event.data.fd == bell_.get()) {
      continue;
    }
    const auto found = watched_.find(event.data.fd);
    if (found == watched_.end()) {
      continue;
    }
    // poll and epoll number events alike.
    const auto is_for = [&](const Watch& watch) {
      return (event.events & (static_cast<std::uint32_t>(watch.events) | EPOLLERR | EPOLLHUP)) != 0;
    };
    auto& watches = found->second;
    for (const Watch& watch : watches) {
      if (is_for(watch)) {
        (void)watch.waiter->fire();
      }
    }
    std::erase_if(watches, is_for);
    // An entry without watches stays until its waiter removes it.
    if (!watches.empty()) {
      (void)arm(event.data.fd, watches);
    }
  }
  return count == static_cast<int>(events.size());
}

}  // namespace troupe::fiber
