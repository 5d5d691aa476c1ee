// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/socket/silence_watch.hpp"

#include "troupe/base/os/masked_thread.hpp"
#include "troupe/transports/socket/tcp_socket.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <system_error>

namespace troupe::transports {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

int number_of(int socket, int level, int option) noexcept {
  int number = 0;
  socklen_t size = sizeof number;
  return ::getsockopt(socket, level, option, &number, &size) == 0 ? number : 0;
}

// What prepare_tcp has been given; zero: it was not.
milliseconds lost_after(int socket) noexcept {
  if (number_of(socket, SOL_SOCKET, SO_KEEPALIVE) == 0) {
    return {};
  }
  return std::chrono::seconds{number_of(socket, IPPROTO_TCP, TCP_KEEPIDLE) +
                              number_of(socket, IPPROTO_TCP, TCP_KEEPCNT) *
                                  number_of(socket, IPPROTO_TCP, TCP_KEEPINTVL)};
}

class Watched final {
 public:
  Watched(int socket, milliseconds lost_after) : socket_(socket), lost_after_(lost_after) {}

  Clock::time_point due() const noexcept { return due_; }

  void look() noexcept {
    due_ = Clock::now() + lost_after_ / 4;
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(socket_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
      return;
    }
    const milliseconds silent{info.tcpi_last_ack_recv};
    // The kernel counts the time from the first of them.
    const bool sends_again = info.tcpi_retransmits > 0 && silent >= lost_after_ / 2;
    // Of whether there is room yet: seldom, so the last answer may be old. The kernel counts from
    // when there was none.
    const bool asked = info.tcpi_probes > 0;
    const bool asks_in_vain = asked && was_asked_ && silent >= lost_after_;
    was_asked_ = asked;
    expect_answer(sends_again || asks_in_vain);
  }

 private:
  void expect_answer(bool expects) noexcept {
    if (expects != expects_) {
      expects_ = expects;
      const int timeout = expects ? static_cast<int>(lost_after_.count()) : 0;
      ::setsockopt(socket_, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
    }
  }

  const int socket_;
  const milliseconds lost_after_;
  Clock::time_point due_ = Clock::now() + lost_after_ / 4;
  bool was_asked_ = false;  // at the last look
  bool expects_ = false;
};

// One for a process, never destroyed: a forked copy has none of its thread, and makes its own.
class Watcher final {
 public:
  static Watcher& here() {
    static std::atomic<Watcher*> the_watcher{nullptr};
    Watcher* its = the_watcher.load();
    while (its == nullptr || its->maker_ != ::getpid()) {
      auto* made = new Watcher;
      if (the_watcher.compare_exchange_strong(its, made)) {
        return *made;
      }
      delete made;
    }
    return *its;
  }

  void add(int socket, milliseconds lost_after) {
    const std::lock_guard lock{mutex_};
    watched_.try_emplace(socket, socket, lost_after);
    if (!runs_) {
      try {
        os::masked_thread("troupe-tcp", [this] { run(); }).detach();
        runs_ = true;
      } catch (const std::system_error&) {
        return;  // threads are short: with the next one, maybe
      }
    }
    change_.notify_one();
  }

  // Once it returns, nothing is done to the socket.
  void remove(int socket) {
    const std::lock_guard lock{mutex_};
    watched_.erase(socket);
    change_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock{mutex_};
    while (!watched_.empty()) {
      Clock::time_point next = Clock::time_point::max();
      for (auto& [socket, its] : watched_) {
        if (its.due() <= Clock::now()) {
          its.look();
        }
        next = std::min(next, its.due());
      }
      change_.wait_until(lock, next);
    }
    runs_ = false;
  }

  const pid_t maker_ = ::getpid();
  std::mutex mutex_;
  // Guarded by mutex_.
  std::condition_variable change_;
  std::map<int, Watched> watched_;  // by the socket
  bool runs_ = false;
};

// Whether there is something to watch.
bool watch(int socket) {
  if (socket < 0 || is_loopback(peer_of(socket))) {
    return false;
  }
  const milliseconds patience = lost_after(socket);
  if (patience <= milliseconds{}) {
    return false;
  }
  Watcher::here().add(socket, patience);
  return true;
}

}  // namespace

SilenceWatch::SilenceWatch(int socket) : socket_(socket), watched_(watch(socket)) {}

SilenceWatch::~SilenceWatch() {
  if (watched_) {
    Watcher::here().remove(socket_);
  }
}

}  // namespace troupe::transports
