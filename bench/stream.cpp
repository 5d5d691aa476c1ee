// SPDX-License-Identifier: Apache-2.0
// How many messages, or bytes, a second go one way to another process?
//
// Method. One process sends without pause; the other receives, and what it received in the time of
// a round is the figure: nothing counts that is still under way. A quarter of the time goes before,
// uncounted. A message begins with its number, which the receiver checks. Each process has a CPU
// of its own; ZeroMQ's, which have an I/O thread each, go where the scheduler puts them.
//
// As bytes: send_bytes, and receive_into a place that is reused. Typed, 64 B: {number, text of 52
// characters}, 64 bytes encoded; larger: {number, Buffer}. Floors and ZeroMQ send bytes in both
// cases, as nothing of them encodes; Python pickles a dataclass.
//
// The floor of small messages is a write for each, what a program without a buffer does; it is no
// limit, and ours gathers. For 1 MiB it is the machine's.
//
// Streams through shared memory are a question of shared_memory.cpp.
#include "messages.hpp"
#include "peers/python.hpp"
#include "peers/raw.hpp"
#include "peers/zeromq.hpp"
#include "questions.hpp"
#include "started_again.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/runtime.hpp"

#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

namespace bench {
namespace {

using troupe::Connection;

[[noreturn]] void lost() {
  throw std::runtime_error{"a message is lost"};
}

void send_bytes(Connection end, std::size_t size, int cpu) {
  pin_to(cpu);
  std::vector<std::byte> message(size, std::byte{1});
  for (std::uint64_t number = kFirstNumber;; ++number) {
    std::memcpy(message.data(), &number, sizeof number);
    end.send_bytes(message).value();
  }
}

double receive_bytes(Connection end, const Stream& stream, const Meter& meter) {
  std::vector<std::byte> place(stream.size);
  std::uint64_t expected = kFirstNumber;
  return meter([&] {
    for (std::size_t i = 0; i < stream.messages_a_step(); ++i) {
      if (end.receive_into(place).value() != stream.size ||
          std::memcmp(place.data(), &expected, sizeof expected) != 0) {
        lost();
      }
      ++expected;
    }
  });
}

template <class Message>
void send_typed(Connection end, std::size_t size, int cpu) {
  pin_to(cpu);
  troupe::Sender<Message> sender{std::move(end)};
  Message message = example<Message>(size);
  for (;;) {
    sender.send(std::as_const(message)).value();
    ++message.number;
  }
}

template <class Message>
double receive_typed(Connection end, const Stream& stream, const Meter& meter) {
  troupe::Receiver<Message> receiver{std::move(end)};
  std::uint64_t expected = kFirstNumber;
  return meter([&] {
    for (std::size_t i = 0; i < stream.messages_a_step(); ++i) {
      if (receiver.receive().value().number != expected) {
        lost();
      }
      ++expected;
    }
  });
}

std::optional<Budget> budget(const Stream& stream) {
  if (stream.scheme == "pipe" || stream.size == 1024) {
    return std::nullopt;
  }
  if (stream.size == kMebibyte) {
    return Budget{Budget::Bound::at_least, 1, "floor"};
  }
  return Budget{Budget::Bound::at_least, stream.form == Form::bytes ? 5.0 : 3.0, "ZeroMQ"};
}

Work work(const Stream& stream) {
  return {
      .name = "stream/" + stream.name(),
      .unit = stream.unit(),
      .better = Better::higher,
      .sides = {{Role::ours, "ours",
                 [=](const Effort& effort) {
                   return stream.figure(our_stream(stream, timed(effort.duration)));
                 }},
                {Role::floor, "floor",
                 [=](const Effort& effort) {
                   return stream.figure(raw::stream(stream, timed(effort.duration)));
                 }},
                {Role::peer, "ZeroMQ",
                 [=](const Effort& effort) {
                   return stream.figure(zeromq::stream(stream, timed(effort.duration)));
                 }},
                {Role::peer, "Python",
                 [=](const Effort& effort) {
                   return stream.figure(python::stream(stream, effort.duration));
                 }}},
      .budget = budget(stream),
  };
}

}  // namespace

double our_stream(const Stream& stream, const Meter& meter) {
  const Placement where = placement(Waiting::awake);
  StartedAgain again;
  troupe::Runtime runtime{again.argc(), again.argv()};
  auto ends = troupe::connect_ends(runtime, pair_address(stream.scheme),
                                   troupe::transports::Direction::one_way, false)
                  .value();
  const bool typed = stream.form == Form::typed;
  const bool small = stream.size == 64;
  const auto send = !typed ? send_bytes : small ? send_typed<Line> : send_typed<Block>;
  const auto receive = !typed ? receive_bytes : small ? receive_typed<Line> : receive_typed<Block>;
  const troupe::Process partner{runtime, send, std::move(ends.second), stream.size, where.partner};
  pin_to(where.measuring);
  return receive(std::move(ends.first), stream, meter);
}

Question streams() {
  Question question{
      .title = "Stream from one process to another, a CPU each",
      .method =
          "counted where it is received; floor: a blocking write a message, of 64 KiB at most a "
          "read\n"
          "typed: ours is a struct, Python's a dataclass, ZeroMQ and the floor carry bytes\n"
          "budgets are for unix and tcp; 1 KiB has no budget of its own",
      .works = {},
  };
  for (const std::size_t size : {std::size_t{64}, std::size_t{1024}, kMebibyte}) {
    for (const char* scheme : {"pipe", "unix", "tcp"}) {
      for (const Form form : {Form::bytes, Form::typed}) {
        question.works.push_back(work({scheme, size, form}));
      }
    }
  }
  return question;
}

}  // namespace bench
