// SPDX-License-Identifier: Apache-2.0
// How long does a message of 64 bytes take to another process and back?
//
// Method. One process sends a message and waits for it to return, as often as fits the time of a
// round; the other sends back what it receives. A quarter of the time goes before, uncounted.
//
// asleep: both processes on one CPU, spinning off, so that each wait sleeps and each message wakes;
// across CPUs the wake costs 5 to 45 µs and drowns the rest. The floor is blocking read and write
// on the same kind of descriptor, pinned the same way. ZeroMQ with its I/O threads and Python share
// the one CPU likewise.
//
// awake: each process on a CPU of its own, with learned spin, which is the default. The floor polls
// with calls that do not block. ZeroMQ's processes go where the scheduler puts them.
//
// Round trips through shared memory are a question of shared_memory.cpp.
#include "peers/python.hpp"
#include "peers/raw.hpp"
#include "peers/zeromq.hpp"
#include "questions.hpp"
#include "started_again.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/runtime.hpp"

#include <array>
#include <utility>

namespace bench {
namespace {

using troupe::Connection;

constexpr double kMicroseconds = 1e6;  // in a second

void echo(Connection end, int cpu) {
  pin_to(cpu);
  std::array<std::byte, kRoundTripBytes> message{};
  while (end.receive_into(message)) {
    end.send_bytes(message).value();
  }
}

// What docs/benchmarks.md holds us to.
Budget budget_of(const RoundTrip& trip) {
  const bool asleep = trip.waiting == Waiting::asleep;
  return asleep ? Budget{Budget::Bound::at_most, 1.1, "floor"}
                : Budget{Budget::Bound::at_least, 10, "ZeroMQ"};
}

Work work(const RoundTrip& trip) {
  return {
      .name = "round_trip/" + trip.name(),
      .unit = "us",
      .better = Better::lower,
      .sides = {{Role::ours, "ours",
                 [trip](const Effort& effort) {
                   return our_round_trip(trip, timed(effort.duration)) * kMicroseconds;
                 }},
                {Role::floor, "floor",
                 [trip](const Effort& effort) {
                   return raw::round_trip(trip, timed(effort.duration)) * kMicroseconds;
                 }},
                {Role::peer, "ZeroMQ",
                 [trip](const Effort& effort) {
                   return zeromq::round_trip(trip, timed(effort.duration)) * kMicroseconds;
                 }},
                {Role::peer, "Python",
                 [trip](const Effort& effort) {
                   return python::round_trip(trip, effort.duration) * kMicroseconds;
                 }}},
      .budget = budget_of(trip),
  };
}

}  // namespace

std::string pair_address(const std::string& scheme) {
  return scheme == "tcp" ? "tcp://127.0.0.1:0" : scheme + ":";
}

double our_round_trip(const RoundTrip& trip, const Meter& meter) {
  const Placement where = placement(trip.waiting);
  const bool asleep = trip.waiting == Waiting::asleep;
  // A Runtime that finds one CPU does not spin, and neither does its child.
  if (asleep) pin_to(where.measuring);
  StartedAgain again;
  troupe::Runtime runtime{again.argc(), again.argv()};
  auto ends = troupe::connect_ends(runtime, pair_address(trip.scheme),
                                   troupe::transports::Direction::duplex, false)
                  .value();
  const troupe::Process partner{runtime, echo, std::move(ends.second), where.partner};
  pin_to(where.measuring);
  std::array<std::byte, kRoundTripBytes> message{};
  return meter([&] {
    ends.first.send_bytes(message).value();
    ends.first.receive_into(message).value();
  });
}

Question round_trips() {
  Question question{
      .title = "Round trip of 64 bytes between two processes",
      .method =
          "asleep: both on one CPU, spinning off; floor: blocking read and write, likewise\n"
          "awake: a CPU each, learned spin; floor: read and write in a loop that polls",
      .works = {},
  };
  for (const Waiting waiting : {Waiting::asleep, Waiting::awake}) {
    for (const char* scheme : {"pipe", "fifo", "unix", "tcp"}) {
      question.works.push_back(work({scheme, waiting}));
    }
  }
  return question;
}

}  // namespace bench
