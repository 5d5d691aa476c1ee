// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/crash_report.hpp"

#include "troupe/base/check.hpp"
#include "troupe/base/os/fault.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"
#include "troupe/runtime/process/exit.hpp"
#include "troupe/runtime/process/internal/status_pipe.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

namespace troupe::process {
namespace {

constexpr std::array kSignals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr int kFrames = 32;
// A report that cannot be finished, since the crash was in what it needs, ends with the process.
constexpr unsigned kSecondsToReport = 5;

// Set once, before a handler can run.
int status_pipe = -1;
std::array<struct sigaction, kSignals.size()> earlier;
std::atomic<bool> reported{false};

// Text in memory that is there already: a handler may take none.
class Line final {
 public:
  void add(std::string_view text) noexcept {
    const std::size_t count = std::min(text.size(), text_.size() - size_);
    std::copy_n(text.begin(), count, text_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += count;
  }
  void add_hex(std::uintptr_t number) noexcept {
    std::array<char, 2 * sizeof number> digits;
    std::size_t at = digits.size();
    do {
      digits[--at] = "0123456789abcdef"[number % 16];
      number /= 16;
    } while (number != 0);
    add("0x");
    add({digits.data() + at, digits.size() - at});
  }
  template <class Write>
  void add_with(const Write& write) noexcept {
    size_ += std::min(write(text_.data() + size_, text_.size() - size_), text_.size() - size_);
  }
  std::string_view text() const noexcept { return {text_.data(), size_}; }

 private:
  std::array<char, 3072> text_;  // a status record takes a little more
  std::size_t size_ = 0;
};

void add_frame(Line& line, void* address) noexcept {
  Dl_info info{};
  line.add("\n  at ");
  if (::dladdr(address, &info) == 0 || info.dli_fname == nullptr) {
    line.add_hex(reinterpret_cast<std::uintptr_t>(address));
    return;
  }
  const auto from = [&](const void* start) {
    return reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(start);
  };
  if (info.dli_sname != nullptr) {
    line.add(info.dli_sname);
    line.add("+");
    line.add_hex(from(info.dli_saddr));
  }
  const std::string_view path{info.dli_fname};
  line.add(info.dli_sname != nullptr ? " (" : "");
  line.add(path.substr(path.rfind('/') + 1));
  line.add("+");
  line.add_hex(from(info.dli_fbase));
  line.add(info.dli_sname != nullptr ? ")" : "");
}

// Where the crash was, as backtrace has it.
void* place_of(const void* context) noexcept {
#if defined(__x86_64__)
  return reinterpret_cast<void*>(  // NOLINT(performance-no-int-to-ptr): a register
      static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return reinterpret_cast<void*>(  // NOLINT(performance-no-int-to-ptr): a register
      static_cast<const ucontext_t*>(context)->uc_mcontext.pc);
#else
  return nullptr;
#endif
}

void report(const void* context) noexcept {
  static Line line;
  fiber::Scheduler* const scheduler = fiber::Scheduler::current();
  const fiber::Task* const task = fiber::Scheduler::current_task();
  if (scheduler != nullptr && task != nullptr && scheduler->reports() != nullptr) {
    line.add_with([&](char* into, std::size_t size) {
      return scheduler->reports()->describe(*task, into, size);
    });
  }
  std::array<void*, kFrames> frames;
  const int count = ::backtrace(frames.data(), kFrames);
  // Without the handler's own.
  const std::span all{frames.data(), static_cast<std::size_t>(std::max(count, 0))};
  const auto place = std::ranges::find(all, place_of(context));
  for (void* const frame : std::span{place != all.end() ? place : all.begin(), all.end()}) {
    add_frame(line, frame);
  }
  write_record(status_pipe, Exit::Kind::failed, 1, line.text());
}

void on_crash(int signal, siginfo_t* info, void* context) noexcept {
  const int error = errno;
  static std::atomic<long> reporter{0};
  const long self = ::syscall(SYS_gettid);
  if (!reported.exchange(true)) {
    reporter.store(self);
    ::signal(SIGALRM, SIG_DFL);
    ::alarm(kSecondsToReport);
    report(context);
    ::alarm(0);
  } else if (reporter.load() != self) {
    for (;;) {
      ::pause();  // the thread that crashed first ends the process
    }
  }
  errno = error;
  const auto which = std::ranges::find(kSignals, signal) - kSignals.begin();
  os::pass_fault_on(earlier.at(static_cast<std::size_t>(which)), signal, info, context);
}

}  // namespace

void set_crash_report(int status) noexcept {
  status_pipe = status;
}

void report_crashes() {
  static const bool installed = [] {
    if (status_pipe < 0) {
      return false;
    }
    std::array<void*, 1> frame;
    (void)::backtrace(frame.data(), 1);  // loads what it needs, while that can be done
    struct sigaction action {};
    action.sa_sigaction = on_crash;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      TROUPE_CHECK(::sigaction(kSignals[i], nullptr, &earlier[i]) == 0);
      TROUPE_CHECK(::sigaction(kSignals[i], &action, nullptr) == 0);
    }
    return true;
  }();
  static_cast<void>(installed);
}

std::string with_readable_names(std::string_view report) {
  std::string text;
  const auto is_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '$';
  };
  while (!report.empty()) {
    const std::size_t begin = std::min(report.find("_Z"), report.size());
    text += report.substr(0, begin);
    report.remove_prefix(begin);
    const auto end = std::ranges::find_if_not(report, is_name);
    const std::string name{report.begin(), end};
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> readable{
        abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), &std::free};
    text += readable != nullptr ? readable.get() : name.c_str();
    report.remove_prefix(name.size());
  }
  return text;
}

}  // namespace troupe::process
