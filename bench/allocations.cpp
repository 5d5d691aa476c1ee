// SPDX-License-Identifier: Apache-2.0
// How often does a message in a steady stream ask the heap for memory?
//
// Method. A thread sends, another one receives, over unix or shm within this process; each counts
// its own allocations over the same messages, after as many uncounted ones. The figure is the sum
// of both by the messages received. A received text of 52 characters is one by itself, as the
// std::string that the receiver is given; a received Buffer of 1 MiB is one too.
#include "allocation_counter.hpp"
#include "messages.hpp"
#include "questions.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/runtime.hpp"

#include <array>
#include <functional>
#include <thread>

namespace bench {
namespace {

// Counts the allocations of the second half of 2 * `messages` calls.
std::uint64_t counted(std::uint64_t messages, const std::function<void()>& call) {
  const auto repeat = [&] {
    for (std::uint64_t i = 0; i < messages; ++i) {
      call();
    }
  };
  repeat();
  const std::uint64_t before = allocations_of_this_thread();
  repeat();
  return allocations_of_this_thread() - before;
}

// Allocations a message of the thread that calls `send` and of the one that calls `receive`.
double both(std::uint64_t messages, const std::function<void()>& send,
            const std::function<void()>& receive) {
  std::uint64_t sending = 0;
  std::jthread sender{[&] { sending = counted(messages, send); }};
  const std::uint64_t receiving = counted(messages, receive);
  sender.join();
  return static_cast<double>(sending + receiving) / static_cast<double>(messages);
}

std::uint64_t message_count(const Effort& effort, std::size_t size) {
  const auto milliseconds =
      static_cast<std::uint64_t>(effort.duration / std::chrono::milliseconds{1});
  return milliseconds * (size > 1024 ? 2 : 2000);
}

double of_bytes(const Stream& stream, const Effort& effort) {
  troupe::Runtime runtime{troupe::RuntimeOptions{}};
  auto ends = troupe::connect_ends(runtime, pair_address(stream.scheme),
                                   troupe::transports::Direction::one_way, false)
                  .value();
  const troupe::Bytes message(stream.size, std::byte{1});
  troupe::Bytes place(stream.size);
  return both(
      message_count(effort, stream.size), [&] { ends.second.send_bytes(message).value(); },
      [&] { ends.first.receive_into(place).value(); });
}

template <class Message>
double of_typed(const Stream& stream, const Effort& effort) {
  troupe::Runtime runtime{troupe::RuntimeOptions{}};
  auto ends = troupe::one_way_pipe<Message>(runtime, pair_address(stream.scheme)).value();
  const Message message = example<Message>(stream.size);
  return both(
      message_count(effort, stream.size), [&] { ends.sender.send(message).value(); },
      [&] { ends.receiver.receive().value(); });
}

double allocations_a_message(const Stream& stream, const Effort& effort) {
  if (stream.form == Form::bytes) return of_bytes(stream, effort);
  return stream.size == 64 ? of_typed<Line>(stream, effort) : of_typed<Block>(stream, effort);
}

Work work(const Stream& stream) {
  // None: a thousandth is for memory that grows now and then.
  const Budget none{Budget::Bound::at_most, 0.001, ""};
  const bool is_bound = stream.scheme == "shm" && stream.form == Form::bytes;
  return {.name = "allocations/" + stream.name(),
          .unit = "a message",
          .better = Better::lower,
          .sides = {{Role::ours, "ours",
                     [=](const Effort& effort) { return allocations_a_message(stream, effort); }}},
          .budget = is_bound ? std::optional{none} : std::nullopt};
}

}  // namespace

Question allocations() {
  Question question{
      .title = "Allocations a message in a steady stream, both sides",
      .method = "typed: the text, or the large content, that the receiver is given is one itself",
      .works = {},
  };
  for (const char* scheme : {"unix", "shm"}) {
    for (const std::size_t size : {std::size_t{64}, kMebibyte}) {
      for (const Form form : {Form::bytes, Form::typed}) {
        question.works.push_back(work({scheme, size, form}));
      }
    }
  }
  return question;
}

}  // namespace bench
