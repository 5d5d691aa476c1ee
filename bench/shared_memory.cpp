// SPDX-License-Identifier: Apache-2.0
// What do messages through shared memory take, beside others that go that way?
//
// Method. Round trips as in round_trip.cpp and streams as in stream.cpp, which say how ours are
// measured.
//
// The floor of a round trip is a word in shared memory: asleep, awaited by a futex; awake, by
// looking at its cache line. That of a stream is memcpy of as many bytes, within one process.
//
// Boost is Boost.Interprocess's message_queue. iceoryx polls, so that there is no figure of it for
// asleep, and its chunks are of 4 MiB at most. ZeroMQ goes over ipc. Python has no messages through
// shared memory: round trips and small streams are its Pipe; as bytes, 1 MiB and more are copied
// into a SharedMemory block, the other process is told so through a Pipe, and copies them out.
#include "peers/boost_queue.hpp"
#include "peers/iceoryx.hpp"
#include "peers/memory_copy.hpp"
#include "peers/python.hpp"
#include "peers/shared_line.hpp"
#include "peers/zeromq.hpp"
#include "questions.hpp"

namespace bench {
namespace {

using RoundTripOf = double (*)(const RoundTrip& trip, const Meter& meter);
using StreamOf = double (*)(const Stream& stream, const Meter& meter);

constexpr double kMicroseconds = 1e6;  // in a second

Side side(Role role, const std::string& name, RoundTripOf round_trip, const RoundTrip& trip) {
  return {role, name, [=](const Effort& effort) {
            return round_trip(trip, timed(effort.duration)) * kMicroseconds;
          }};
}

Side side(Role role, const std::string& name, StreamOf stream_of, const Stream& stream) {
  return {role, name, [=](const Effort& effort) {
            return stream.figure(stream_of(stream, timed(effort.duration)));
          }};
}

Work work(const RoundTrip& trip) {
  const bool asleep = trip.waiting == Waiting::asleep;
  return {
      .name = "round_trip/" + trip.name(),
      .unit = "us",
      .better = Better::lower,
      .sides = {side(Role::ours, "ours", our_round_trip, trip),
                side(Role::floor, "floor", shared_line::round_trip, trip),
                side(Role::peer, "Boost", boost_queue::round_trip, trip),
                asleep ? Side{Role::peer, "iceoryx", {}}
                       : side(Role::peer, "iceoryx", iceoryx::round_trip, trip),
                side(Role::peer, "ZeroMQ", zeromq::round_trip, trip),
                {Role::peer, "Python",
                 [=](const Effort& effort) {
                   return python::round_trip(trip, effort.duration) * kMicroseconds;
                 }}},
      .budget = Budget{Budget::Bound::at_most, asleep ? 1.15 : 1.4, "floor"},
  };
}

double python_stream(const Stream& stream, std::chrono::nanoseconds duration) {
  return stream.size >= kMebibyte && stream.form == Form::bytes
             ? python::shared_memory(stream.size, python::Use::copied, duration)
             : python::stream(stream, duration);
}

std::optional<Budget> budget_of(const Stream& stream) {
  if (stream.size == 64) {
    return Budget{Budget::Bound::at_least, stream.form == Form::bytes ? 10.0 : 5.0, "Boost"};
  }
  if (stream.size == kMebibyte && stream.form == Form::bytes) {
    return Budget{Budget::Bound::at_least, 0.5, "memcpy"};
  }
  return std::nullopt;
}

Work work(const Stream& stream) {
  return {
      .name = "stream/" + stream.name(),
      .unit = stream.unit(),
      .better = Better::higher,
      .sides = {side(Role::ours, "ours", our_stream, stream),
                side(Role::floor, "memcpy", memory_copy::stream, stream),
                side(Role::peer, "Boost", boost_queue::stream, stream),
                stream.size > kMebibyte ? Side{Role::peer, "iceoryx", {}}
                                        : side(Role::peer, "iceoryx", iceoryx::stream, stream),
                {Role::peer, "Python",
                 [=](const Effort& effort) {
                   return stream.figure(python_stream(stream, effort.duration));
                 }}},
      .budget = budget_of(stream),
  };
}

}  // namespace

Question shm_round_trips() {
  return {
      .title = "Round trip of 64 bytes between two processes, through shared memory",
      .method =
          "asleep: both on one CPU, spinning off; floor: a word and a futex, likewise\n"
          "awake: a CPU each, learned spin; floor: a cache line that is looked at; Boost and "
          "iceoryx poll\n"
          "Boost: Interprocess's message_queue; ZeroMQ over ipc; Python's Pipe",
      .works = {work(RoundTrip{"shm", Waiting::asleep}), work(RoundTrip{"shm", Waiting::awake})},
  };
}

Question shm_streams() {
  constexpr auto kBytes = Form::bytes;
  constexpr auto kTyped = Form::typed;
  return {
      .title = "Stream from one process to another through shared memory, a CPU each",
      .method =
          "counted where it is received; memcpy: of as many bytes, in one process\n"
          "typed: ours is a struct, Python's a dataclass, the others carry bytes\n"
          "Boost: Interprocess's message_queue; Python: Pipe, 1 MiB of bytes and more SharedMemory",
      .works = {work(Stream{"shm", 64, kBytes}), work(Stream{"shm", 64, kTyped}),
                work(Stream{"shm", 1024, kBytes}), work(Stream{"shm", 1024, kTyped}),
                work(Stream{"shm", kMebibyte, kBytes}), work(Stream{"shm", kMebibyte, kTyped}),
                work(Stream{"shm", 64 * kMebibyte, kBytes})},
  };
}

}  // namespace bench
