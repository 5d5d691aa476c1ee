// SPDX-License-Identifier: Apache-2.0
// How many system calls does a message cost its process?
//
// Method. The round trip of round_trip.cpp, asleep, under a tracer that counts each process's
// calls, all threads of it, over so many round trips. The figure is that of the process with more
// of them: for one message sent and one received. Polling makes as many calls as fit the wait, so
// awake there is nothing to count. The floor is a write and a blocking read; of shm a futex that is
// woken and one that is waited for, unless the answer is there by then.
//
// Streams likewise, as stream.cpp has them: here it is by message. The tracer slows every call, so
// that a side which makes some waits less or more than it would alone.
#include "peers/boost_queue.hpp"
#include "peers/raw.hpp"
#include "peers/shared_line.hpp"
#include "peers/zeromq.hpp"
#include "questions.hpp"
#include "syscall_counter.hpp"

namespace bench {
namespace {

using RoundTripOf = double (*)(const RoundTrip&, const Meter&);
using StreamOf = double (*)(const Stream&, const Meter&);

Side side(Role role, const std::string& name, RoundTripOf round_trip, const RoundTrip& trip) {
  return {role, name, [=](const Effort& effort) {
            const auto milliseconds = effort.duration / std::chrono::milliseconds{1};
            return most_syscalls_a_step(static_cast<int>(milliseconds) * 10,
                                        [&](const Meter& meter) { (void)round_trip(trip, meter); });
          }};
}

Side side(Role role, const std::string& name, StreamOf stream_of, const Stream& stream) {
  return {role, name, [=](const Effort& effort) {
            const auto milliseconds = effort.duration / std::chrono::milliseconds{1};
            const double a_step =
                most_syscalls_a_step(static_cast<int>(milliseconds),
                                     [&](const Meter& meter) { (void)stream_of(stream, meter); });
            return a_step / static_cast<double>(stream.messages_a_step());
          }};
}

Work work(const RoundTrip& trip) {
  const bool is_shm = trip.scheme == "shm";
  return {
      .name = "syscalls/round_trip/" + trip.scheme,
      .unit = "calls",
      .better = Better::lower,
      .sides = {side(Role::ours, "ours", our_round_trip, trip),
                side(Role::floor, "floor", is_shm ? shared_line::round_trip : raw::round_trip,
                     trip),
                side(Role::peer, "ZeroMQ", zeromq::round_trip, trip)},
      .budget = Budget{Budget::Bound::at_most, is_shm ? 2.0 : 3.0, ""},
  };
}

Work work(const Stream& stream) {
  return {
      .name = "syscalls/stream/" + stream.name(),
      .unit = "a message",
      .better = Better::lower,
      .sides = {side(Role::ours, "ours", our_stream, stream),
                side(Role::peer, "Boost", boost_queue::stream, stream)},
      // None, but for a side that sleeps when the other one has fallen behind.
      .budget = Budget{Budget::Bound::at_most, 0.01, ""},
  };
}

}  // namespace

Question syscalls() {
  Question question{
      .title = "System calls of one side in a round trip",
      .method = "asleep; the side with more of them, all its threads; a message sent, one received",
      .works = {},
  };
  for (const char* scheme : {"pipe", "fifo", "unix", "tcp", "shm"}) {
    question.works.push_back(work(RoundTrip{scheme, Waiting::asleep}));
  }
  return question;
}

Question stream_syscalls() {
  return {
      .title = "System calls a message in a steady stream through shared memory",
      .method = "a CPU each; the side with more of them, all its threads",
      .works = {work(Stream{"shm", 64, Form::bytes}), work(Stream{"shm", 64, Form::typed}),
                work(Stream{"shm", kMebibyte, Form::bytes})},
  };
}

}  // namespace bench
