// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/os/kernel.hpp"

#include "troupe/base/unique_fd.hpp"

#include <fcntl.h>
#include <linux/membarrier.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace troupe::os {
namespace {

bool denied(std::string_view name) noexcept {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read before any thread could change the environment
  const char* list = std::getenv("TROUPE_KERNEL_WITHOUT");
  std::string_view rest = list != nullptr ? list : "";
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    if (rest.substr(0, comma) == name) {
      return true;
    }
    rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
  }
  return false;
}

bool probe_clone3() noexcept {
  // A size that no kernel accepts: EINVAL comes from clone3 itself, ENOSYS or EPERM from its
  // absence.
  return ::syscall(SYS_clone3, nullptr, std::size_t{1}) < 0 && errno == EINVAL;
}

bool probe_pipe_nowait() noexcept {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return false;
  }
  const UniqueFd reader{ends[0]};
  const UniqueFd writer{ends[1]};
  char byte = 0;
  iovec vector{&byte, 1};
  return ::preadv2(reader.get(), &vector, 1, -1, RWF_NOWAIT) < 0 && errno == EAGAIN;
}

bool probe_pipe_nosignal() noexcept {
  // RWF_NOSIGNAL of linux/fs.h (6.18); older kernels refuse the unknown flag.
  constexpr int kNoSignal = 0x100;
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return false;
  }
  const UniqueFd reader{ends[0]};
  const UniqueFd writer{ends[1]};
  char byte = 0;
  const iovec vector{&byte, 1};
  return ::pwritev2(writer.get(), &vector, 1, -1, kNoSignal) == 1;
}

bool probe_pidfd_info() noexcept {
  // PIDFD_GET_INFO of linux/pidfd.h (6.13), asking for PIDFD_INFO_EXIT (6.15); older headers lack
  // both.
  struct Info {
    std::uint64_t mask;
    std::uint64_t rest[7];  // NOLINT(modernize-avoid-c-arrays): the kernel's layout
  };
  constexpr unsigned long kGetInfo = _IOWR(0xFF, 11, Info);
  constexpr std::uint64_t kInfoExit = 1U << 3U;
  const UniqueFd self{static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0))};
  Info info{kInfoExit, {}};
  return self && ::ioctl(self.get(), kGetInfo, &info) == 0;
}

bool probe_membarrier() noexcept {
  const long commands = ::syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  return commands > 0 && (commands & MEMBARRIER_CMD_GLOBAL_EXPEDITED) != 0;
}

bool probe_guard_pages() noexcept {
  constexpr int kGuardInstall = 102;  // MADV_GUARD_INSTALL of linux/mman.h (6.13)
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const memory =
      ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {  // NOLINT(performance-no-int-to-ptr): the kernel's constant
    return false;
  }
  const bool installed = ::madvise(memory, page, kGuardInstall) == 0;
  ::munmap(memory, page);
  return installed;
}

bool probe(KernelFeature feature) noexcept {
  if (denied(name_of(feature))) {
    return false;
  }
  switch (feature) {
    case KernelFeature::clone3:
      return probe_clone3();
    case KernelFeature::pipe_nowait:
      return probe_pipe_nowait();
    case KernelFeature::pipe_nosignal:
      return probe_pipe_nosignal();
    case KernelFeature::pidfd_info:
      return probe_pidfd_info();
    case KernelFeature::membarrier:
      return probe_membarrier();
    case KernelFeature::guard_pages:
      return probe_guard_pages();
  }
  return false;
}

}  // namespace

std::string_view name_of(KernelFeature feature) noexcept {
  switch (feature) {
    case KernelFeature::clone3:
      return "clone3";
    case KernelFeature::pipe_nowait:
      return "pipe_nowait";
    case KernelFeature::pipe_nosignal:
      return "pipe_nosignal";
    case KernelFeature::pidfd_info:
      return "pidfd_info";
    case KernelFeature::membarrier:
      return "membarrier";
    case KernelFeature::guard_pages:
      return "guard_pages";
  }
  return "unknown";
}

bool kernel_has(KernelFeature feature) noexcept {
  // Facts of the machine, not state of the program: asked once per process.
  static const std::array<bool, 6> present{
      probe(KernelFeature::clone3),        probe(KernelFeature::pipe_nowait),
      probe(KernelFeature::pipe_nosignal), probe(KernelFeature::pidfd_info),
      probe(KernelFeature::membarrier),    probe(KernelFeature::guard_pages)};
  return present.at(static_cast<std::size_t>(feature));
}

}  // namespace troupe::os
