// SPDX-License-Identifier: Apache-2.0
// What does troupe cost over ZeroMQ, and what does ZeroMQ cost us?
//
// Method. A partner process listens, the measuring one connects; nothing is pinned, as libzmq's
// threads go where the scheduler puts them. round trip: 64 bytes there and back, as often as fits
// the time of a round. stream: the partner sends messages of 64 bytes, numbered, without pause;
// what was received counts. By hand: a ROUTER and a DEALER of libzmq in the same two processes,
// blocking calls, a message for each of ours. Ours over tcp or unix is the same program at another
// address. curve: with keys, of both.
#include "fresh_process.hpp"
#include "peers/temporary_folder.hpp"
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

struct OverZmq {
  std::string scheme;  // zmq+tcp, zmq+ipc
  bool curve = false;
  bool stream = false;

  std::string name() const {
    return std::string{stream ? "stream/" : "round_trip/"} + scheme + (curve ? "/curve" : "");
  }
};

constexpr Stream kNumbers{.scheme = {}, .size = 64, .form = Form::bytes};

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

double ours(const OverZmq& over, const std::string& scheme, const Meter& meter) {
  const TemporaryFolder folder;
  troupe::ConnectOptions of_listener;
  troupe::ConnectOptions of_client;
  if (over.curve && scheme == over.scheme) {
    const std::string key = folder.path() + "/key";
    troupe::transports::CurveKeys::make().value().write(key).value();
    of_listener.curve.secret_key = key + ".key_secret";
    of_client.curve.server_key = key + ".key";
  }
  const FoundPartner partner{[&](const FoundPartner::Tell& tell) {
    StartedAgain again;
    troupe::Runtime runtime{again.argc(), again.argv()};
    auto listener =
        troupe::Listener::create(runtime, place(scheme, folder.path()), of_listener).value();
    const std::jthread serving{[&] {
      auto end = listener.accept().value();
      over.stream ? send_numbers(end) : echo(end);
    }};
    tell(listener.address().text());
  }};
  StartedAgain again;
  troupe::Runtime runtime{again.argc(), again.argv()};
  auto end = troupe::connect(runtime, partner.where(), of_client).value();
  std::array<std::byte, kRoundTripBytes> message{};
  if (!over.stream) {
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

double by_hand(const OverZmq& over, const Meter& meter) {
  const std::string below = over.scheme.substr(4);
  return over.stream ? kNumbers.figure(zeromq::routed_stream(below, over.curve, kNumbers, meter))
                     : kMicroseconds * zeromq::routed_round_trip(below, over.curve, meter);
}

Work work(const OverZmq& over) {
  const std::string plain = over.scheme == "zmq+tcp" ? "tcp" : "unix";
  return {
      .name = "over_zeromq/" + over.name(),
      .unit = over.stream ? "M/s" : "us",
      .better = over.stream ? Better::higher : Better::lower,
      .sides = {{Role::ours, "ours",
                 [=](const Effort& effort) {
                   return ours(over, over.scheme, timed(effort.duration));
                 }},
                {Role::peer, "libzmq",
                 [=](const Effort& effort) { return by_hand(over, timed(effort.duration)); }},
                {Role::peer, "ours over " + plain,
                 [=](const Effort& effort) { return ours(over, plain, timed(effort.duration)); }}},
      .budget = Budget{Budget::Bound::at_least, 0.8, "libzmq"}};
}

}  // namespace

Question over_zeromq() {
  Question question{
      .title = "64 bytes between two processes over ZeroMQ",
      .method =
          "nothing is pinned; libzmq: ROUTER and DEALER by hand, a message for each of ours\n"
          "1.25 times libzmq's time is allowed, 0.8 times its rate",
      .works = {},
  };
  for (const bool stream : {false, true}) {
    for (const char* scheme : {"zmq+tcp", "zmq+ipc"}) {
      question.works.push_back(work({scheme, false, stream}));
    }
    question.works.push_back(work({"zmq+tcp", true, stream}));
  }
  return question;
}

}  // namespace bench
