// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/signal_box.hpp"

#include "troupe/base/check.hpp"
#include "troupe/base/error.hpp"
#include "troupe/runtime/process/exit.hpp"
#include "troupe/runtime/process/internal/fork_guard.hpp"

#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace troupe::process {
namespace {

using Action = struct sigaction;

// A handler that was there before ours, as ours calls it.
struct Earlier {
  std::atomic<void (*)(int)> simple{SIG_DFL};
  std::atomic<void (*)(int, siginfo_t*, void*)> full{nullptr};  // goes before

  void set(const Action& action) noexcept {
    const bool takes_info = (action.sa_flags & SA_SIGINFO) != 0;
    full = takes_info ? action.sa_sigaction : nullptr;
    simple = takes_info ? SIG_DFL : action.sa_handler;
  }
};

struct Number {
  std::atomic<std::uint64_t> seen{0};
  Earlier earlier;
  // Of a handler that was put over ours, and stayed when our last box left: ours was installed
  // anew over it, and it calls ours. Then this is what was there at first.
  Earlier first;
  std::atomic<bool> below{false};  // ours is called by a handler that was put over it
  // Guarded by the table's mutex.
  int boxes = 0;
  Action restored{};
};

using Boxes = std::vector<SignalBox*>;

// What the handler reads. Constant initialized, and never destroyed: a signal may come at any time.
struct Table {
  std::atomic<const Boxes*> boxes{nullptr};
  std::atomic<int> running{0};  // handlers that read boxes, or what is in them
  std::atomic<std::uint32_t> generation{0};
  std::array<Number, kMostSignal + 1> numbers;
  std::mutex mutex;
};
Table& table() {
  static Table& only = *new Table;  // made before the first handler is installed
  return only;
}
Number& number_of(int number) {
  return table().numbers.at(static_cast<std::size_t>(number));
}

// The numbers whose handlers this thread is calling.
[[gnu::tls_model("initial-exec")]] thread_local std::uint64_t calling = 0;

bool does_nothing_by_default(int number) noexcept {
  return number == SIGCHLD || number == SIGURG || number == SIGWINCH || number == SIGCONT;
}

void die_of(int number) noexcept {
  Action standard{};
  standard.sa_handler = SIG_DFL;
  ::sigaction(number, &standard, nullptr);
  ::raise(number);  // comes when the handler returns
}

void do_default(int number) noexcept {
  if (does_nothing_by_default(number)) return;
  if (number == SIGTSTP || number == SIGTTIN || number == SIGTTOU) {
    ::raise(SIGSTOP);
  } else {
    die_of(number);
  }
}

enum class Came : std::uint8_t { to_nobody, to_a_box, to_end_the_program };

// A fork's copy has no box: it must not ring the original's bells.
Came put_into_boxes(Table& all, const Signal& signal) noexcept {
  Came came = Came::to_nobody;
  ++all.running;
  if (const Boxes* const boxes = all.boxes;
      boxes != nullptr && all.generation == fork_generation()) {
    for (SignalBox* const box : *boxes) {
      if (!box->wants(signal.number)) continue;
      if (came == Came::to_nobody) came = Came::to_a_box;
      if (signal.number == SIGINT && box->ends_of_interrupt()) came = Came::to_end_the_program;
      box->put(signal);
    }
  }
  --all.running;
  return came;
}

void call(const Earlier& earlier, bool taken, int number, siginfo_t* info, void* context) {
  if (const auto full = earlier.full.load(); full != nullptr) {
    full(number, info, context);
  } else if (const auto simple = earlier.simple.load(); simple == SIG_DFL) {
    if (!taken) do_default(number);
  } else if (simple != SIG_IGN) {
    simple(number);
  }
}

pid_t sender_of(const siginfo_t* info) noexcept {
  const bool by_a_process =
      info->si_code == SI_USER || info->si_code == SI_QUEUE || info->si_code == SI_TKILL;
  return by_a_process || info->si_signo == SIGCHLD ? info->si_pid : 0;
}

void handle(int number, siginfo_t* info, void* context) {
  const int error = errno;
  Number& its = number_of(number);
  const std::uint64_t bit = std::uint64_t{1} << (static_cast<unsigned>(number) & 63U);
  if (its.below && (calling & bit) != 0) {  // by a handler over which ours is, too
    call(its.first, true, number, info, context);
    errno = error;
    return;
  }
  ++its.seen;
  const Came came = put_into_boxes(table(), {number, sender_of(info), 1});
  if (came == Came::to_end_the_program) {
    die_of(number);
  } else {
    calling |= bit;
    call(its.earlier, came != Came::to_nobody, number, info, context);
    calling &= ~bit;
  }
  errno = error;
}

bool is_ours(const Action& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == handle;
}

Action now(int number) noexcept {
  Action action{};
  ::sigaction(number, nullptr, &action);
  return action;
}

bool is_function(const Action& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) != 0 ||
         (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}

void install(int number) {
  Number& its = number_of(number);
  const Action earlier = now(number);
  if (is_ours(earlier)) return;
  Action ours{};
  ::sigemptyset(&ours.sa_mask);
  ours.sa_flags = SA_RESTART;
  if (is_function(earlier)) {
    // It goes on to be called as it was: a program that wants its calls interrupted has them so.
    ours.sa_mask = earlier.sa_mask;
    ours.sa_flags = earlier.sa_flags & (SA_RESTART | SA_NODEFER | SA_NOCLDSTOP | SA_NOCLDWAIT);
  } else if (number == SIGCHLD && earlier.sa_handler == SIG_IGN) {
    ours.sa_flags |= SA_NOCLDWAIT;  // as ignoring it does
  }
  ours.sa_flags |= SA_SIGINFO | SA_ONSTACK;
  ours.sa_sigaction = handle;
  its.restored = earlier;
  if (!its.below) its.first.set(earlier);
  its.earlier.set(earlier);
  TROUPE_CHECK(::sigaction(number, &ours, nullptr) == 0);  // see check()
}

void uninstall(int number) noexcept {
  Number& its = number_of(number);
  if (is_ours(now(number))) {
    ::sigaction(number, &its.restored, nullptr);
  } else {
    its.below = true;  // it may call ours, which hands on to what was there at first
  }
  if (its.below) {
    its.earlier.full = its.first.full.load();
    its.earlier.simple = its.first.simple.load();
  }
}

void check(int number) {
  if (number < 1 || number > SIGRTMAX || (number >= 32 && number < SIGRTMIN)) {
    throw Error{Code::invalid_argument,
                "receive signals: there is no signal " + std::to_string(number) + " for programs"};
  }
  constexpr std::array kFaults{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
  if (std::ranges::find(kFaults, number) != kFaults.end()) {
    throw Error{Code::refused, "receive signals: " + signal_name(number) +
                                   " is a fault of the thread it comes to, which cannot go on; "
                                   "who monitors the actor or process gets a Down"};
  }
  if (number == SIGKILL || number == SIGSTOP) {
    throw Error{Code::refused, "receive signals: " + signal_name(number) +
                                   " never reaches a program: the kernel carries it out; for an "
                                   "end in order send SIGTERM"};
  }
}

// With the mutex held. What handlers read no more is freed when they have ended.
void replace(Table& all, std::unique_ptr<const Boxes> boxes) noexcept {
  const std::unique_ptr<const Boxes> before{all.boxes.exchange(boxes.release())};
  while (all.running > 0) {
    std::this_thread::yield();
  }
}

}  // namespace

SignalBox::SignalBox(std::span<const int> numbers, Kind kind) : kind_(kind) {
  for (const int number : numbers) {
    check(number);
    numbers_ |= bit(number);
  }
  bell_ = UniqueFd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!bell_) throw Error::system("receive signals: make an eventfd", errno);

  Table& all = table();
  const std::lock_guard lock{all.mutex};
  generation_ = fork_generation();
  if (all.generation != generation_) {  // the first one, or the first of a copy
    (void)all.boxes.exchange(nullptr);
    for (Number& its : all.numbers)
      its.boxes = 0;
    all.generation = generation_;
  }
  const Boxes* const before = all.boxes;
  auto boxes = std::make_unique<Boxes>(before != nullptr ? *before : Boxes{});
  boxes->push_back(this);
  replace(all, std::move(boxes));
  in_ = true;
  for (int number = 1; number <= kMostSignal; ++number) {
    if (wants(number) && number_of(number).boxes++ == 0) install(number);
  }
}

SignalBox::~SignalBox() {
  leave();
}

void SignalBox::leave() noexcept {
  Table& all = table();
  const std::lock_guard lock{all.mutex};
  if (!std::exchange(in_, false) || all.generation != generation_) return;
  // First what brings signals: one that comes meanwhile still finds the box.
  for (int number = 1; number <= kMostSignal; ++number) {
    if (wants(number) && --number_of(number).boxes == 0) uninstall(number);
  }
  auto boxes = std::make_unique<Boxes>(*all.boxes);
  std::erase(*boxes, this);
  replace(all, std::move(boxes));
}

void SignalBox::put(const Signal& signal) noexcept {
  (void)pending_.add(signal);
  ring();
}

void SignalBox::ring() const noexcept {
  const std::uint64_t one = 1;
  (void)!::write(bell_.get(), &one, sizeof one);
}

std::optional<Signal> SignalBox::take() noexcept {
  std::uint64_t rung = 0;
  (void)!::read(bell_.get(), &rung, sizeof rung);
  auto signal = pending_.take();
  if (signal && !pending_.empty()) ring();
  return signal;
}

Disposition disposition_of(int number) noexcept {
  const Action action = now(number);
  if (is_ours(action)) {
    const Earlier& earlier = number_of(number).earlier;
    if (earlier.full.load() != nullptr) return Disposition::handled;
    const auto simple = earlier.simple.load();
    return simple == SIG_DFL   ? Disposition::standard
           : simple == SIG_IGN ? Disposition::ignored
                               : Disposition::handled;
  }
  if (is_function(action)) return Disposition::handled;
  return action.sa_handler == SIG_IGN ? Disposition::ignored : Disposition::standard;
}

void take_default(int number) noexcept {
  Action standard{};
  standard.sa_handler = SIG_DFL;
  Action before{};
  const std::lock_guard lock{table().mutex};
  ::sigaction(number, &standard, &before);
  sigset_t only;
  sigset_t mask;
  ::sigemptyset(&only);
  ::sigaddset(&only, number);
  ::pthread_sigmask(SIG_UNBLOCK, &only, &mask);
  ::raise(number);
  ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  ::sigaction(number, &before, nullptr);
}

std::uint64_t signals_seen(int number) noexcept {
  return number_of(number).seen;
}

}  // namespace troupe::process
