// SPDX-License-Identifier: Apache-2.0
#pragma once

// What crosses in the works on channels, and how it is timed; the same for ours, peers and floors.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bench {

// How both sides wait for a message.
enum class Waiting {
  asleep,  // blocked, on one CPU: waking somebody on another one costs more than all the rest
  awake,   // by polling, where they can, on a CPU each
};

struct RoundTrip {
  std::string scheme;  // pipe, fifo, unix, tcp, shm
  Waiting waiting = Waiting::asleep;

  std::string name() const;  // "shm/asleep"
};
inline constexpr std::size_t kRoundTripBytes = 64;
inline constexpr std::size_t kMebibyte = std::size_t{1} << 20U;
// "64B", "1KiB", "64MiB"
std::string size_text(std::size_t bytes);

enum class Form { bytes, typed };

// From one process to another, each on its CPU, as fast as it goes. A message begins with its
// number, which the receiver checks where it does not have to look for it.
struct Stream {
  std::string scheme;    // pipe, unix, tcp, shm
  std::size_t size = 0;  // bytes of a message
  Form form = Form::bytes;

  // Received in one step of a meter, so that the meter costs nothing.
  std::size_t messages_a_step() const noexcept { return size <= 1024 ? 65536 / size : 1; }

  std::string name() const;  // "shm/64B/typed"
  // What its figures are in: "M/s", millions of messages; of large ones "GB/s", 10^9 bytes.
  std::string unit() const;
  double figure(double seconds_a_step) const noexcept;
};
inline constexpr std::uint64_t kFirstNumber = std::uint64_t{1}
                                              << 40U;  // 9 bytes in msgpack, always

// When an item counts as finished.
enum class Finish {
  acknowledged,  // its consumer has said so after it was done with it
  taken,         // at once: lost, should its consumer die with it
};

// Items through one queue, from producers to consumers, each a process.
struct QueueUse {
  std::string scheme;  // shm, unix, tcp, zmq+tcp, zmq+ipc
  int producers = 0;
  int consumers = 0;
  std::size_t size = 0;  // bytes of an item
  Finish finish = Finish::acknowledged;
  bool durable = false;

  std::string name() const;  // "2x2/64B/shm", "2x2/64B/shm/durable"
};
inline constexpr std::size_t kQueueCapacity = 4096;  // items

// Measures what `step` does, by calling it many times, after some times uncounted.
using Meter = std::function<double(const std::function<void()>& step)>;

// Seconds that a step takes.
Meter timed(std::chrono::nanoseconds duration);

// The CPUs this program may use.
std::vector<int> allowed_cpus();
void pin_to(int cpu);
// Where the two processes of a work on channels run; both on one CPU for Waiting::asleep. Throws
// when two are needed and there is one.
struct Placement {
  int measuring = -1;
  int partner = -1;
};
Placement placement(Waiting waiting);

}  // namespace bench
