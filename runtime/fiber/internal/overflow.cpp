// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/internal/overflow.hpp"

#include "troupe/base/check.hpp"
#include "troupe/base/os/fault.hpp"
#include "troupe/runtime/fiber/internal/switch.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace troupe::fiber {
namespace {

// Set once, before the handler can run. The process's, as signals are.
struct sigaction earlier;

// Of the calling thread's guard.
thread_local DescribeStack describe_stack = nullptr;

void report(const Stack& stack) noexcept {
  constexpr std::string_view kBefore = "troupe: stack overflow in ";
  constexpr std::string_view kAfter =
      "; give it a larger stack (ActorOptions::stack), or use less\n";
  constexpr std::string_view kUnknown = "an unknown handler";
  std::array<char, 1024> line;
  char* end = std::copy(kBefore.begin(), kBefore.end(), line.begin());
  const std::size_t room = line.size() - kBefore.size() - kAfter.size();
  const std::size_t told = describe_stack != nullptr ? describe_stack(stack, end, room) : 0;
  end = told > 0 ? end + std::min(told, room) : std::copy(kUnknown.begin(), kUnknown.end(), end);
  end = std::copy(kAfter.begin(), kAfter.end(), end);
  (void)!::write(STDERR_FILENO, line.data(), static_cast<std::size_t>(end - line.data()));
}

void on_fault(int signal, siginfo_t* info, void* context) noexcept {
  const int error = errno;
  const Stack* const stack = running();
  if (info->si_code > 0 && stack != nullptr && stack->is_in_guard(info->si_addr)) {
    report(*stack);
  }
  errno = error;
  os::pass_fault_on(earlier, signal, info, context);
}

// An overflow of anonymous memory is a SIGSEGV; a SIGBUS is something else.
void install() noexcept {
  static const bool installed = [] {
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    TROUPE_CHECK(::sigaction(SIGSEGV, nullptr, &earlier) == 0);
    TROUPE_CHECK(::sigaction(SIGSEGV, &action, nullptr) == 0);
    return true;
  }();
  (void)installed;
}

// For the frame that the kernel writes, and what the earlier handler may do.
std::size_t signal_stack_bytes() noexcept {
  constexpr std::size_t kEnough = std::size_t{64} << 10U;
  const auto least = static_cast<std::size_t>(::sysconf(_SC_SIGSTKSZ));
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return (std::max(kEnough, 2 * least) + page - 1) / page * page;
}

}  // namespace

OverflowGuard::OverflowGuard(DescribeStack describe) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  size_ = page + signal_stack_bytes();
  memory_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
                   -1, 0);
  if (memory_ == MAP_FAILED) {  // NOLINT(performance-no-int-to-ptr): the kernel's constant
    throw Error::system("make a signal stack", errno);
  }
  ::mprotect(memory_, page, PROT_NONE);  // where it fails, there is no guard
  stack_t stack{};
  stack.ss_sp = static_cast<std::byte*>(memory_) + page;
  stack.ss_size = size_ - page;
  TROUPE_CHECK(::sigaltstack(&stack, &before_) == 0);
  described_before_ = std::exchange(describe_stack, describe);
  install();
}

OverflowGuard::~OverflowGuard() {
  TROUPE_CHECK(::sigaltstack(&before_, nullptr) == 0);
  ::munmap(memory_, size_);
  describe_stack = described_before_;
}

}  // namespace troupe::fiber
