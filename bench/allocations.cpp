// SPDX-License-Identifier: Apache-2.0
// How often does a message in a steady stream ask the heap for memory?
//
// Method. A thread sends, another one receives, over a pipe within this process; each counts its
// own allocations over the same messages, after as many uncounted ones. The figure is the sum of
// both by the messages received. A received text of 52 characters is one by itself, as the
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

double of_bytes(std::size_t size, const Effort& effort) {
  troupe::Runtime runtime{troupe::RuntimeOptions{}};
  auto ends =
      troupe::connect_ends(runtime, "unix:", troupe::transports::Direction::one_way, false).value();
  const troupe::Bytes message(size, std::byte{1});
  troupe::Bytes place(size);
  return both(
      message_count(effort, size), [&] { ends.second.send_bytes(message).value(); },
      [&] { ends.first.receive_into(place).value(); });
}

template <class Message>
double of_typed(std::size_t size, const Effort& effort) {
  troupe::Runtime runtime{troupe::RuntimeOptions{}};
  auto ends = troupe::one_way_pipe<Message>(runtime, "unix:").value();
  const Message message = example<Message>(size);
  return both(
      message_count(effort, size), [&] { ends.sender.send(message).value(); },
      [&] { ends.receiver.receive().value(); });
}

Work work(const std::string& variant, const std::function<double(const Effort&)>& figure) {
  return {.name = "allocations/" + variant,
          .unit = "a message",
          .better = Better::lower,
          .sides = {{Role::ours, "ours", figure}},
          .budget = std::nullopt};
}

}  // namespace

Question allocations() {
  constexpr std::size_t kMebibyte = std::size_t{1} << 20U;
  return {
      .title = "Allocations a message in a steady stream, both sides, unix",
      .method = "typed: the text, or the large content, that the receiver is given is one itself",
      .works = {work("64B/bytes", [](const Effort& effort) { return of_bytes(64, effort); }),
                work("64B/typed", [](const Effort& effort) { return of_typed<Line>(64, effort); }),
                work("1MiB/bytes",
                     [](const Effort& effort) { return of_bytes(kMebibyte, effort); }),
                work("1MiB/typed",
                     [](const Effort& effort) { return of_typed<Block>(kMebibyte, effort); })},
  };
}

}  // namespace bench
