// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/termination.hpp"

#include "troupe/base/error.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/process/internal/fork_guard.hpp"

#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <thread>

namespace troupe::process {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM};

// What the handler reads: dispositions are the process's, and so is this.
struct Handling {
  std::array<std::atomic<int>, 16> news{};  // eventfd + 1; 0: free
  std::array<struct sigaction, kSignals.size()> earlier{};
  std::atomic<int> interrupts = 0;
  std::atomic<int> running = 0;  // handlers: an eventfd is closed only while there is none
  std::atomic<std::uint32_t> generation = 0;
  std::mutex mutex;
  int watches = 0;  // guarded by mutex
};
static_assert(std::atomic<int>::is_always_lock_free);
Handling& handling() {
  static Handling& only = *new Handling;  // a signal may come late
  return only;
}

void die_of(int number) {
  struct sigaction none {};
  none.sa_handler = SIG_DFL;
  ::sigaction(number, &none, nullptr);
  ::raise(number);  // comes when the handler returns
}

void handle(int number, siginfo_t* info, void* context) {
  const int error = errno;
  Handling& all = handling();
  ++all.running;
  const bool again = number == SIGINT && all.interrupts.fetch_add(1) > 0;
  // A fork's copy has no runtime that could stop, and must not stop the original.
  if (again || all.generation != fork_generation()) {
    --all.running;
    die_of(number);
    return;
  }
  for (const auto& place : all.news) {
    const std::uint64_t one = 1;
    if (const int fd = place - 1; fd >= 0) {
      (void)!::write(fd, &one, sizeof(one));
    }
  }
  --all.running;
  const auto at = static_cast<std::size_t>(std::ranges::find(kSignals, number) - kSignals.begin());
  const struct sigaction& earlier = all.earlier.at(at);
  if ((earlier.sa_flags & SA_SIGINFO) != 0) {
    earlier.sa_sigaction(number, info, context);
  } else if (earlier.sa_handler != SIG_DFL && earlier.sa_handler != SIG_IGN) {
    earlier.sa_handler(number);
  }
  errno = error;
}

void install(Handling& all) {
  all.interrupts = 0;
  all.generation = fork_generation();
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals.at(i), nullptr, &all.earlier.at(i));
    const bool ignored =
        (all.earlier.at(i).sa_flags & SA_SIGINFO) == 0 && all.earlier.at(i).sa_handler == SIG_IGN;
    if (ignored) continue;
    struct sigaction ours {};
    ours.sa_sigaction = handle;
    ours.sa_flags = SA_SIGINFO | SA_RESTART;
    ::sigemptyset(&ours.sa_mask);
    ::sigaction(kSignals.at(i), &ours, nullptr);
  }
}

void uninstall(const Handling& all) {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction now {};
    ::sigaction(kSignals.at(i), nullptr, &now);
    if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == handle) {
      ::sigaction(kSignals.at(i), &all.earlier.at(i), nullptr);
    }
  }
}

}  // namespace

TerminationWatch::TerminationWatch(RuntimeCore& runtime)
    : news_(std::make_shared<const UniqueFd>(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {
  if (!*news_) {
    throw Error::system("watch for SIGINT and SIGTERM", errno);
  }
  Handling& all = handling();
  {
    const std::lock_guard lock{all.mutex};
    const auto free = std::ranges::find_if(all.news, [](const auto& place) { return place == 0; });
    if (free == all.news.end()) {
      throw Error{Code::overloaded, "16 runtimes watch for SIGINT and SIGTERM already"};
    }
    place_ = static_cast<std::size_t>(free - all.news.begin());
    *free = news_->get() + 1;
    if (all.watches++ == 0) install(all);
  }
  runtime.executor().execute([&runtime, news = news_] {
    std::array items{PollItem{{news->get(), POLLIN}}, PollItem{{runtime.stop_fd(), POLLIN}}};
    (void)runtime.poller().wait(items, forever);
    if (items.front().ready) {
      runtime.request_stop();
    }
  });
}

TerminationWatch::~TerminationWatch() {
  Handling& all = handling();
  const std::lock_guard lock{all.mutex};
  all.news.at(place_) = 0;
  while (all.running > 0) {
    std::this_thread::yield();
  }
  if (--all.watches == 0) uninstall(all);
}

}  // namespace troupe::process
