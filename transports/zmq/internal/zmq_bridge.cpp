// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/zmq/internal/zmq_bridge.hpp"

#include "troupe/base/os/bell.hpp"
#include "troupe/base/os/masked_thread.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>

namespace troupe::transports {
namespace {

bool control(int set, int how, int fd, std::uint32_t events) noexcept {
  epoll_event event{.events = events, .data = {.fd = fd}};
  return ::epoll_ctl(set, how, fd, &event) == 0;
}

Result<void> watch(int set, int fd, const std::string& doing) {
  return control(set, EPOLL_CTL_ADD, fd, EPOLLIN) ? Result<void>{} : Error::system(doing, errno);
}

int milliseconds_until(Deadline deadline) noexcept {
  if (deadline.is_never()) {
    return -1;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

}  // namespace

ZmqBridge::ZmqBridge(std::shared_ptr<ZmqContext> context, UniqueFd set, UniqueFd bell)
    : context_(std::move(context)), set_(std::move(set)), bell_(std::move(bell)) {}

Result<std::shared_ptr<ZmqBridge>> ZmqBridge::create(std::shared_ptr<ZmqContext> context) {
  const std::string doing = "start the thread that serves ZeroMQ's listeners";
  UniqueFd set{::epoll_create1(EPOLL_CLOEXEC)};
  UniqueFd bell = os::make_bell();
  if (!set || !bell) {
    return Error::system(doing, errno);
  }
  if (auto watched = watch(set.get(), bell.get(), doing); !watched) {
    return watched.error();
  }
  std::shared_ptr<ZmqBridge> bridge{
      new ZmqBridge{std::move(context), std::move(set), std::move(bell)}};
  try {
    bridge->thread_ = std::make_unique<std::thread>(
        os::masked_thread("troupe-zmq", [&its = *bridge] { its.run(); }));
  } catch (const std::system_error& error) {
    return Error::system(doing, error.code().value());
  }
  return bridge;
}

ZmqBridge::~ZmqBridge() {
  if (thread_ == nullptr) {
    return;
  }
  if (context_->is_forked_copy()) {
    (void)thread_.release();
    return;
  }
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  os::ring(bell_);
  thread_->join();
}

Result<void> ZmqBridge::add(Served& served, const std::string& doing) {
  const std::lock_guard lock{mutex_};
  for (const int fd : served.news()) {
    if (fd < 0) {
      continue;
    }
    if (auto watched = watch(set_.get(), fd, doing); !watched) {
      return watched.error();
    }
  }
  served_.emplace(&served, Watch{});
  return {};
}

void ZmqBridge::remove(Served& served) noexcept {
  const std::lock_guard lock{mutex_};
  for (const int fd : served.news()) {
    ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, fd, nullptr);
  }
  served_.erase(&served);
}

void ZmqBridge::nudge(Served& served) noexcept {
  served.nudged_.store(true);
  os::ring(bell_);
}

void ZmqBridge::run() {
  Deadline until = Deadline::never();
  for (;;) {
    std::array<epoll_event, 16> events;
    const int count = ::epoll_wait(set_.get(), events.data(), static_cast<int>(events.size()),
                                   milliseconds_until(until));
    const std::lock_guard lock{mutex_};
    if (stopping_) {
      return;
    }
    for (int i = 0; i < count; ++i) {
      const int fd = events.at(static_cast<std::size_t>(i)).data.fd;
      if (fd == bell_.get()) {
        os::silence(bell_);
        continue;
      }
      for (auto& [served, watch] : served_) {
        const auto news = served->news();
        if (std::ranges::find(news, fd) != news.end()) {
          watch.due = Deadline::at_once();
        }
      }
    }
    until = Deadline::never();
    for (auto& [served, watch] : served_) {
      if (served->nudged_.exchange(false) || watch.due.passed()) {
        serve(*served, watch);
      }
      until = earlier(until, watch.due);
    }
  }
}

void ZmqBridge::serve(Served& served, Watch& watch) {
  const Served::Turn turn = served.serve();
  watch.due = turn.next;
  if (std::exchange(watch.for_messages, turn.for_messages) != turn.for_messages) {
    control(set_.get(), EPOLL_CTL_MOD, served.news().front(), turn.for_messages ? EPOLLIN : 0U);
  }
}

}  // namespace troupe::transports
