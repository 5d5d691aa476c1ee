// SPDX-License-Identifier: Apache-2.0
// How many system calls does a message cost its process?
//
// Method. The round trip of round_trip.cpp, asleep, under a tracer that counts each process's
// calls, all threads of it, over so many round trips. The figure is that of the process with more
// of them: for one message sent and one received. Polling makes as many calls as fit the wait, so
// awake there is nothing to count. The floor is a write and a blocking read.
#include "peers/raw.hpp"
#include "peers/zeromq.hpp"
#include "questions.hpp"
#include "syscall_counter.hpp"

namespace bench {
namespace {

using RoundTripOf = double (*)(const RoundTrip&, const Meter&);

Side side(Role role, const std::string& name, RoundTripOf round_trip, const RoundTrip& trip) {
  return {role, name, [=](const Effort& effort) {
            const auto milliseconds = effort.duration / std::chrono::milliseconds{1};
            return most_syscalls_a_step(static_cast<int>(milliseconds) * 10,
                                        [&](const Meter& meter) { (void)round_trip(trip, meter); });
          }};
}

}  // namespace

Question syscalls() {
  Question question{
      .title = "System calls of one side in a round trip",
      .method = "asleep; the side with more of them, all its threads; a message sent, one received",
      .works = {},
  };
  for (const char* scheme : {"pipe", "fifo", "unix", "tcp"}) {
    const RoundTrip trip{scheme, Waiting::asleep};
    question.works.push_back({
        .name = "syscalls/round_trip/" + trip.scheme,
        .unit = "calls",
        .better = Better::lower,
        .sides = {side(Role::ours, "ours", our_round_trip, trip),
                  side(Role::floor, "floor", raw::round_trip, trip),
                  side(Role::peer, "ZeroMQ", zeromq::round_trip, trip)},
        .budget = Budget{Budget::Bound::at_most, 3, ""},
    });
  }
  return question;
}

}  // namespace bench
