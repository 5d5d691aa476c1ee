// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fixture of the tests of loans through shared memory: pairs of ends, where memory is mapped,
// and that nothing of it is left.

#include "channel/loaned.hpp"
#include "channel/numbered.hpp"
#include "harness/child.hpp"
#include "harness/raw_fd.hpp"
#include "harness/temporary_directory.hpp"
#include "harness/test_runtime.hpp"
#include "troupe/runtime/channel/listener.hpp"
#include "troupe/runtime/channel/pipe.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>

namespace troupe::harness {

using namespace std::chrono_literals;  // NOLINT(google-global-names-in-headers): deadlines

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;

// Where an address of this process is mapped, as /proc/self/maps says.
struct Place {
  std::string permissions;     // "r--s"
  bool shared_memory = false;  // of a memfd
  std::string byte;            // which byte of which file; equal in each process that maps it
};
Place place_of(const void* address);
// Bytes of all mappings of memfds.
std::size_t mapped_memfd_bytes();

// What a received view of a loan is mapped like.
void expect_read_only_view(const Buffer& buffer);

class ShmLoanTest : public testing::Test {
 protected:
  void TearDown() override;

  ConnectedEnds connect(const std::string& options = "", RuntimeCore* runtime = nullptr) {
    return connect_ends(runtime != nullptr ? *runtime : runtime_, Address{"shm:" + options},
                        transports::Direction::duplex, false)
        .value();
  }
  // Runs `work` once a thread of `waiting_` is about to wait. Whenever it is early all the same,
  // the outcome is to be the same.
  template <class Work>
  std::jthread when_somebody_waits(Work work) {
    return std::jthread{[this, before = waits_.load(), work] {
      while (waits_ == before) {
        std::this_thread::yield();
      }
      work();
    }};
  }

  const TemporaryDirectory directory_;
  const EnvironmentScope private_directory_{"XDG_RUNTIME_DIR", directory_.path()};

 private:
  Ports counting_ports() {
    Ports ports;
    ports.poller = std::make_unique<CountingPoller>(waits_);
    ports.spin = false;
    return ports;
  }

  std::atomic<long> waits_ = 0;
  const std::size_t fds_before_ = open_fds();
  const std::size_t mappings_before_ = mapped_memfds();
  std::unique_ptr<TestRuntime> own_runtime_ = std::make_unique<TestRuntime>(counting_ports());

 protected:
  TestRuntime& runtime_ = *own_runtime_;
};

}  // namespace troupe::harness
