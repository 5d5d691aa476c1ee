// SPDX-License-Identifier: Apache-2.0
#include "shared_line.hpp"

#include "../fresh_process.hpp"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <new>
#include <stdexcept>

namespace bench::shared_line {
namespace {

struct Lines {
  alignas(128) std::atomic<std::uint32_t> there{0};
  alignas(128) std::atomic<std::uint32_t> back{0};
};

Lines& share_lines() {
  void* const place =
      ::mmap(nullptr, sizeof(Lines), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) {
    throw std::runtime_error{"mmap"};
  }
  return *new (place) Lines;
}

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

void publish(std::atomic<std::uint32_t>& word, std::uint32_t number, Waiting waiting) {
  word.store(number, std::memory_order_release);
  if (waiting == Waiting::asleep) {
    ::syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  }
}

void await(std::atomic<std::uint32_t>& word, std::uint32_t number, Waiting waiting) {
  for (;;) {
    const std::uint32_t seen = word.load(std::memory_order_acquire);
    if (seen == number) {
      return;
    }
    if (waiting == Waiting::asleep) {
      ::syscall(SYS_futex, &word, FUTEX_WAIT, seen, nullptr, nullptr, 0);
    } else {
      pause();
    }
  }
}

}  // namespace

double round_trip(const RoundTrip& trip, const Meter& meter) {
  const Placement where = placement(trip.waiting);
  Lines& lines = share_lines();
  const Partner partner{[&] {
    pin_to(where.partner);
    for (std::uint32_t number = 1;; ++number) {
      await(lines.there, number, trip.waiting);
      publish(lines.back, number, trip.waiting);
    }
  }};
  pin_to(where.measuring);
  std::uint32_t number = 0;
  return meter([&] {
    publish(lines.there, ++number, trip.waiting);
    await(lines.back, number, trip.waiting);
  });
}

}  // namespace bench::shared_line
