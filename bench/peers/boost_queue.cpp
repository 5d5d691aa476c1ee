// SPDX-License-Identifier: Apache-2.0
#include "boost_queue.hpp"

#include "../fresh_process.hpp"
#include "troupe/base/spin_lock.hpp"

#include <boost/interprocess/ipc/message_queue.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench::boost_queue {
namespace {

using boost::interprocess::message_queue;

class Queue final {
 public:
  // `purpose` tells the queues of this process apart.
  Queue(const std::string& purpose, std::size_t messages, std::size_t message_size)
      : Queue(messages, message_size,
              "troupe-bench-" + std::to_string(::getpid()) + "-" + purpose) {}

  void send(std::span<const std::byte> message, Waiting waiting) {
    if (waiting == Waiting::asleep) {
      queue_.send(message.data(), message.size(), kPriority);
      return;
    }
    while (!queue_.try_send(message.data(), message.size(), kPriority)) {
      troupe::pause_cpu();
    }
  }

  void receive(std::span<std::byte> place, Waiting waiting) {
    message_queue::size_type size = 0;
    unsigned priority = 0;
    if (waiting == Waiting::asleep) {
      queue_.receive(place.data(), place.size(), size, priority);
    } else {
      while (!queue_.try_receive(place.data(), place.size(), size, priority)) {
        troupe::pause_cpu();
      }
    }
    if (size != place.size()) throw std::runtime_error{"boost: a message of another size"};
  }

 private:
  static constexpr unsigned kPriority = 0;

  Queue(std::size_t messages, std::size_t message_size, const std::string& name)
      : queue_(create(messages, message_size, name)) {
    message_queue::remove(name.c_str());
  }

  static message_queue create(std::size_t messages, std::size_t message_size,
                              const std::string& name) {
    message_queue::remove(name.c_str());
    return {boost::interprocess::create_only, name.c_str(), messages, message_size};
  }

  message_queue queue_;
};

}  // namespace

double round_trip(const RoundTrip& trip, const Meter& meter) {
  const Placement where = placement(trip.waiting);
  Queue there{"there", 1, kRoundTripBytes};
  Queue back{"back", 1, kRoundTripBytes};
  std::array<std::byte, kRoundTripBytes> message{};
  const Partner partner{[&] {
    pin_to(where.partner);
    for (;;) {
      there.receive(message, trip.waiting);
      back.send(message, trip.waiting);
    }
  }};
  pin_to(where.measuring);
  return meter([&] {
    there.send(message, trip.waiting);
    back.receive(message, trip.waiting);
  });
}

double stream(const Stream& stream, const Meter& meter) {
  constexpr std::size_t kHeld = 4 * kMebibyte;  // as many as are best for it
  constexpr std::size_t kLeast = 2;
  constexpr std::size_t kMost = 8192;
  const Placement where = placement(Waiting::awake);
  Queue queue{"stream", std::clamp(kHeld / stream.size, kLeast, kMost), stream.size};
  std::vector<std::byte> message(stream.size, std::byte{1});
  const Partner partner{[&] {
    pin_to(where.partner);
    for (std::uint64_t number = kFirstNumber;; ++number) {
      std::memcpy(message.data(), &number, sizeof number);
      queue.send(message, Waiting::asleep);
    }
  }};
  pin_to(where.measuring);
  std::uint64_t expected = kFirstNumber;
  return meter([&] {
    for (std::size_t i = 0; i < stream.messages_a_step(); ++i) {
      queue.receive(message, Waiting::asleep);
      if (std::memcmp(message.data(), &expected, sizeof expected) != 0) {
        throw std::runtime_error{"boost: a message is lost"};
      }
      ++expected;
    }
  });
}

}  // namespace bench::boost_queue
