// SPDX-License-Identifier: Apache-2.0
// What does troupe cost over ZeroMQ, and what does ZeroMQ cost us?
//
// Method. A partner process listens, the measuring one connects; nothing is pinned, as libzmq's
// threads go where the scheduler puts them. round trip: 64 bytes there and back, as often as fits
// the time of a round. stream: the partner sends messages of 64 bytes, numbered, without pause;
// what was received counts. By hand: a ROUTER and a DEALER of libzmq in the same two processes,
// blocking calls, a message for each of ours. queue: items of 64 bytes from two producers to two
// consumers that acknowledge them, measured as queue.cpp has it; by hand they go through a broker
// in a process of its own, as ours through the owner. Ours over tcp or unix is the same program at
// another address. curve: with keys, of both.
#include "fresh_process.hpp"
#include "our_queue.hpp"
#include "peers/temporary_folder.hpp"
#include "peers/zeromq_broker.hpp"
#include "peers/zeromq_routed.hpp"
#include "questions.hpp"
#include "started_again.hpp"
#include "troupe/runtime/channel/listener.hpp"
#include "troupe/runtime/runtime.hpp"
#include "troupe/transports/zmq/curve_keys.hpp"

#include <array>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bench {
namespace {

constexpr double kMicroseconds = 1e6;  // in a second
constexpr double kMillions = 1e-6;     // of one

enum class Use { round_trip, stream, queue };

struct OverZmq {
  std::string scheme;  // zmq+tcp, zmq+ipc
  bool curve = false;
  Use use = Use::round_trip;

  std::string name() const {
    return std::string{use == Use::round_trip ? "round_trip/"
                       : use == Use::stream   ? "stream/"
                                              : "queue/2x2/"} +
           scheme + (curve ? "/curve" : "");
  }
};

const Stream kNumbers{.scheme = {}, .size = 64, .form = Form::bytes};

std::string place(const std::string& scheme, const std::string& folder) {
  return scheme.ends_with("tcp") ? scheme + "://127.0.0.1:0" : scheme + ":" + folder + "/socket";
}

void echo(troupe::Connection& end) {
  std::array<std::byte, kRoundTripBytes> message{};
  while (end.receive_into(message) && end.send_bytes(message)) {
  }
}

void send_numbers(troupe::Connection& end) {
  std::array<std::byte, kRoundTripBytes> message{};
  std::uint64_t number = kFirstNumber;
  do {
    std::memcpy(message.data(), &number, sizeof number);
    ++number;
  } while (end.send_bytes(message));
}

QueueUse two_by_two(const std::string& scheme) {
  return {.scheme = scheme, .producers = 2, .consumers = 2, .size = 64};
}

// What the ends of ours have in common: a folder, and with CURVE the listener's key.
struct Ends {
  explicit Ends(bool curve) {
    if (curve) {
      const std::string key = folder.path() + "/key";
      troupe::transports::CurveKeys::make().value().write(key).value();
      of_listener.curve.secret_key = key + ".key_secret";
      of_client.curve.server_key = key + ".key";
    }
  }

  const TemporaryFolder folder;
  troupe::ConnectOptions of_listener;
  troupe::ConnectOptions of_client;
};

double our_channel(const Ends& ends, const std::string& scheme, bool stream, const Meter& meter) {
  const FoundPartner partner{[&](const FoundPartner::Tell& tell) {
    StartedAgain again;
    troupe::Runtime runtime{again.argc(), again.argv()};
    auto listener =
        troupe::Listener::create(runtime, place(scheme, ends.folder.path()), ends.of_listener)
            .value();
    const std::jthread serving{[&] {
      auto end = listener.accept().value();
      stream ? send_numbers(end) : echo(end);
    }};
    tell(listener.address().text());
  }};
  StartedAgain again;
  troupe::Runtime runtime{again.argc(), again.argv()};
  auto end = troupe::connect(runtime, partner.where(), ends.of_client).value();
  std::array<std::byte, kRoundTripBytes> message{};
  if (!stream) {
    return kMicroseconds * meter([&] {
             end.send_bytes(message).value();
             end.receive_into(message).value();
           });
  }
  std::uint64_t expected = kFirstNumber;
  return kNumbers.figure(meter([&] {
    for (std::size_t i = 0; i < kNumbers.messages_a_step(); ++i) {
      end.receive_into(message).value();
      if (std::memcmp(message.data(), &expected, sizeof expected) != 0) {
        throw std::runtime_error{"a message is lost"};
      }
      ++expected;
    }
  }));
}

double ours(const OverZmq& over, const std::string& scheme, const Effort& effort) {
  const Ends ends{over.curve && scheme == over.scheme};
  if (over.use == Use::queue) {
    return kMillions * our_items_a_second(two_by_two(scheme), effort.duration, ends.of_listener,
                                          ends.of_client.curve.server_key.string());
  }
  return our_channel(ends, scheme, over.use == Use::stream, timed(effort.duration));
}

double by_hand(const OverZmq& over, const Effort& effort) {
  const std::string below = over.scheme.substr(4);
  if (over.use == Use::queue) {
    return kMillions *
           zeromq::brokered_items_a_second(two_by_two(below), over.curve, effort.duration);
  }
  const Meter meter = timed(effort.duration);
  return over.use == Use::stream
             ? kNumbers.figure(zeromq::routed_stream(below, over.curve, kNumbers, meter))
             : kMicroseconds * zeromq::routed_round_trip(below, over.curve, meter);
}

Work work(const OverZmq& over) {
  const bool is_rate = over.use != Use::round_trip;
  const std::string plain = over.scheme == "zmq+tcp" ? "tcp" : "unix";
  return {
      .name = "over_zeromq/" + over.name(),
      .unit = is_rate ? "M/s" : "us",
      .better = is_rate ? Better::higher : Better::lower,
      .sides = {{Role::ours, "ours",
                 [=](const Effort& effort) { return ours(over, over.scheme, effort); }},
                {Role::peer, "libzmq", [=](const Effort& effort) { return by_hand(over, effort); }},
                {Role::peer, "ours over " + plain,
                 [=](const Effort& effort) { return ours(over, plain, effort); }}},
      .budget = Budget{Budget::Bound::at_least, 0.8, "libzmq"}};
}

}  // namespace

Question over_zeromq() {
  Question question{
      .title = "64 bytes between processes over ZeroMQ",
      .method =
          "nothing is pinned; libzmq: ROUTER and DEALER by hand, a message for each of ours\n"
          "queue: two producers, two consumers that acknowledge; libzmq: through a broker by hand\n"
          "1.25 times libzmq's time is allowed, 0.8 times its rate",
      .works = {},
  };
  for (const Use use : {Use::round_trip, Use::stream, Use::queue}) {
    for (const char* scheme : {"zmq+tcp", "zmq+ipc"}) {
      question.works.push_back(work({scheme, false, use}));
    }
    question.works.push_back(work({"zmq+tcp", true, use}));
  }
  return question;
}

}  // namespace bench
