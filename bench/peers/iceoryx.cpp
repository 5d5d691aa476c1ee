// SPDX-License-Identifier: Apache-2.0
#include "iceoryx.hpp"

#include "../fresh_process.hpp"
#include "../loan.hpp"
#include "roudi.hpp"
#include "troupe/base/spin_lock.hpp"

#include <iceoryx_hoofs/log/logmanager.hpp>
#include <iceoryx_posh/popo/untyped_publisher.hpp>
#include <iceoryx_posh/popo/untyped_subscriber.hpp>
#include <iceoryx_posh/runtime/posh_runtime.hpp>
#include <unistd.h>

#include <array>
#include <cstring>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bench::iceoryx {
namespace {

using Service = iox::capro::ServiceDescription;

// The two processes of a figure, as the daemon knows them.
struct Members {
  std::string measuring = "troupe-bench-" + std::to_string(::getpid());
  std::string partner = measuring + "-partner";
};

// This process is that member from now on, and is not forked any more.
void join_as(const std::string& member) {
  iox::log::LogManager::GetLogManager().SetDefaultLogLevel(iox::log::LogLevel::kError,
                                                           iox::log::LogLevelOutput::kHideLogLevel);
  iox::runtime::PoshRuntime::initRuntime({iox::cxx::TruncateToCapacity, member});
}

// `figure` beside a daemon, in a process of its own, which does not outlive it.
double beside_roudi(const std::function<double(const Members&)>& figure) {
  const Members members;
  const Roudi roudi{{members.measuring, members.partner}};
  return in_fresh_process([&] { return figure(members); });
}

class Outgoing final {
 public:
  explicit Outgoing(const Service& service) : publisher_(service, options()) {}

  void await_reader() const {
    while (!publisher_.hasSubscribers()) {
      std::this_thread::yield();
    }
  }
  // Valid until it is published.
  std::span<std::byte> loan(std::size_t size) {
    auto chunk = publisher_.loan(static_cast<std::uint32_t>(size));
    if (chunk.has_error()) throw std::runtime_error{"iceoryx: no chunk"};
    return {static_cast<std::byte*>(chunk.value()), size};
  }
  void publish(std::span<std::byte> chunk) { publisher_.publish(chunk.data()); }
  void send(std::span<const std::byte> message) {
    const auto chunk = loan(message.size());
    std::memcpy(chunk.data(), message.data(), message.size());
    publish(chunk);
  }

 private:
  static iox::popo::PublisherOptions options() {
    iox::popo::PublisherOptions options;
    options.subscriberTooSlowPolicy = iox::popo::ConsumerTooSlowPolicy::WAIT_FOR_CONSUMER;
    return options;
  }

  iox::popo::UntypedPublisher publisher_;
};

class Incoming final {
 public:
  // Holds messages of that size.
  Incoming(const Service& service, std::size_t size) : subscriber_(service, options(size)) {}

  void await_writer() const {
    while (subscriber_.getSubscriptionState() != iox::SubscribeState::SUBSCRIBED) {
      std::this_thread::yield();
    }
  }
  // Valid until it is released.
  const std::byte* take() {
    for (;;) {
      auto chunk = subscriber_.take();
      if (!chunk.has_error()) return static_cast<const std::byte*>(chunk.value());
      if (chunk.get_error() != iox::popo::ChunkReceiveResult::NO_CHUNK_AVAILABLE) {
        throw std::runtime_error{"iceoryx: a message is lost"};
      }
      troupe::pause_cpu();
    }
  }
  void release(const std::byte* chunk) { subscriber_.release(chunk); }
  void receive(std::span<std::byte> place) {
    const auto* const chunk = take();
    std::memcpy(place.data(), chunk, place.size());
    release(chunk);
  }

 private:
  static iox::popo::SubscriberOptions options(std::size_t size) {
    constexpr std::uint64_t kLarge = 16;  // of 1 MiB there are 30 chunks in all
    iox::popo::SubscriberOptions options;
    options.queueFullPolicy = iox::popo::QueueFullPolicy::BLOCK_PRODUCER;
    if (size >= kMebibyte) options.queueCapacity = kLarge;
    return options;
  }

  iox::popo::UntypedSubscriber subscriber_;
};

const Service& there() {
  static const Service service{"troupe", "bench", "there"};
  return service;
}
const Service& back() {
  static const Service service{"troupe", "bench", "back"};
  return service;
}

}  // namespace

double round_trip(const RoundTrip& trip, const Meter& meter) {
  const Placement where = placement(trip.waiting);
  std::array<std::byte, kRoundTripBytes> message{};
  return beside_roudi([&](const Members& members) {
    const Partner partner{[&] {
      pin_to(where.partner);
      join_as(members.partner);
      Incoming in{there(), message.size()};
      Outgoing out{back()};
      for (;;) {
        in.receive(message);
        out.send(message);
      }
    }};
    pin_to(where.measuring);
    join_as(members.measuring);
    Incoming in{back(), message.size()};
    Outgoing out{there()};
    in.await_writer();
    out.await_reader();
    return meter([&] {
      out.send(message);
      in.receive(message);
    });
  });
}

double stream(const Stream& stream, const Meter& meter) {
  const Placement where = placement(Waiting::awake);
  std::vector<std::byte> message(stream.size, std::byte{1});
  return beside_roudi([&](const Members& members) {
    const Partner partner{[&] {
      pin_to(where.partner);
      join_as(members.partner);
      Outgoing out{there()};
      out.await_reader();
      for (std::uint64_t number = kFirstNumber;; ++number) {
        std::memcpy(message.data(), &number, sizeof number);
        out.send(message);
      }
    }};
    pin_to(where.measuring);
    join_as(members.measuring);
    Incoming in{there(), message.size()};
    std::uint64_t expected = kFirstNumber;
    return meter([&] {
      for (std::size_t i = 0; i < stream.messages_a_step(); ++i) {
        in.receive(message);
        if (std::memcmp(message.data(), &expected, sizeof expected) != 0) {
          throw std::runtime_error{"iceoryx: a message is lost"};
        }
        ++expected;
      }
    });
  });
}

double loan(std::size_t size, const Meter& meter) {
  const Placement where = placement(Waiting::awake);
  return beside_roudi([&](const Members& members) {
    const Partner partner{[&] {
      pin_to(where.partner);
      join_as(members.partner);
      Outgoing out{there()};
      out.await_reader();
      for (std::uint64_t number = kFirstNumber;; ++number) {
        const auto chunk = out.loan(size);
        mark(chunk, number);
        out.publish(chunk);
      }
    }};
    pin_to(where.measuring);
    join_as(members.measuring);
    Incoming in{there(), size};
    std::uint64_t expected = kFirstNumber;
    const double a_step = meter([&] {
      for (int i = 0; i < kLoansAStep; ++i) {
        const auto* const chunk = in.take();
        check_marks({chunk, size}, expected++);
        in.release(chunk);
      }
    });
    return a_step / kLoansAStep;
  });
}

}  // namespace bench::iceoryx
