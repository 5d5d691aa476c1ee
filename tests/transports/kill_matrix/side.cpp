// SPDX-License-Identifier: Apache-2.0
#include "transports/kill_matrix/side.hpp"

#include "harness/raw_fd.hpp"
#include "transports/frames.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <thread>
#include <utility>

namespace troupe::harness {

using transports::FrameConnection;
using transports::IncomingFrame;
using transports::Lane;
using transports::OutgoingFrame;
using transports::Progress;
using transports::Readiness;
using transports::When;
using How = Planned::How;
using Meeting = Planned::Meeting;

namespace {

// The traffic is over before it is done.
struct Over {};

template <class Condition>
void wait_until(const Condition& condition) {
  while (!condition()) {
    std::this_thread::sleep_for(std::chrono::microseconds{20});
  }
}

void wait_a_little(const Readiness& readiness) {
  pollfd item{readiness.fd, readiness.events, 0};
  ::poll(&item, 1, 1);
}

}  // namespace

Side::Side(const Setup& setup, StepLog& own, const StepLog& other)
    : setup_(setup),
      own_(own),
      other_(other),
      plan_(make_plan(setup.lends)),
      received_(plan_.size()) {}

Side::~Side() = default;

std::string Side::address(bool lends) {
  return "shm://matrix?ring=" + std::to_string(kPlannedRing) +
         "&loans=" + std::to_string(lends ? kPlannedLoans : 0);
}

void Side::run() {
  log_steps(&own_);
  try {
    connect();
    setup_.sends ? send_all() : receive_all();
    close();
  } catch (const Over&) {
  }
  log_steps(nullptr);
}

// Who is killed on the way leaves the other without a connection, or with one that ends.
void Side::connect() {
  if (setup_.listens) {
    listener_ = transport_.listen(address(setup_.lends), {}).value();
    own_.listening = true;
    while (connection_ == nullptr) {
      const bool gone = other_.gone;
      connection_ = listener_->try_accept().value();
      if (connection_ == nullptr) {
        if (gone) {
          throw Over{};
        }
        wait_a_little(listener_->readable());
      }
    }
    return;
  }
  wait_until([&] { return other_.listening || other_.gone; });
  const auto dial = transport_.dial(address(setup_.lends), {}).value();
  while (connection_ == nullptr) {
    auto met = dial->step();
    if (!met) {
      EXPECT_TRUE(other_.gone) << met.error().what();
      EXPECT_TRUE(met.error() == Code::refused || met.error() == Code::disconnected)
          << met.error().what();
      throw Over{};
    }
    connection_ = std::move(*met);
    if (connection_ == nullptr) {
      wait_a_little(dial->readiness());
    }
  }
}

// ---- sending -----------------------------------------------------------------------------------

void Side::send_all() {
  for (std::size_t number = 0; number < plan_.size(); ++number) {
    if (plan_[number].meeting != Meeting::between) {  // that has left with the one before
      send(number);
    }
    if (plan_[number].is_answered()) {
      receive_one();
    }
  }
}

void Side::send(std::size_t number) {
  const Planned& planned = plan_[number];
  const Bytes& body = body_of(number, planned.size);
  std::vector<UniqueFd> fds;
  for (std::size_t i = 0; i < planned.fds; ++i) {
    auto pipe = raw_pipe();
    const std::byte mark{static_cast<unsigned char>(number + i)};
    write_raw(pipe.second.get(), std::span{&mark, 1});
    fds.push_back(std::move(pipe.first));
  }
  own_.slept_before = own_.times("receive.lain_down");
  if (planned.meeting == Meeting::blocked) {
    own_.blocked_before = own_.times("send.lain_down");
  }
  own_.sending = static_cast<std::uint32_t>(number);
  if (planned.meeting == Meeting::asleep) {
    wait_until_it_sleeps(other_);
  }
  std::array<std::span<const std::byte>, 2> pieces{body};
  OutgoingFrame frame{.pieces = std::span{pieces}.first(1), .fds = fds, .size = body.size()};
  Buffer lent;
  if (planned.how == How::lent && setup_.lends) {
    Loan loan = lend(body.size());
    std::ranges::copy(body, loan.bytes().begin());
    lent = std::move(loan);
    pieces[0] = lent.bytes();
  } else if (planned.how == How::headed) {
    pieces = {std::span{body}.first(100), std::span{body}.subspan(100)};
    frame.pieces = pieces;
  }
  send_message(frame, number);
}

void Side::send_message(OutgoingFrame& frame, std::size_t number) {
  const bool has_other = number + 1 < plan_.size() && plan_[number + 1].meeting == Meeting::between;
  bool other_sent = false;
  for (;;) {
    const auto sent = connection_->try_send(frame, plan_[number].lane, When::now);
    if (!sent) {
      EXPECT_EQ(sent.error(), Code::disconnected) << sent.error().what();
      throw Over{};
    }
    if (has_other && !other_sent) {
      EXPECT_EQ(*sent, Progress::would_block);
      send(number + 1);
      own_.sending = static_cast<std::uint32_t>(number);
      other_sent = true;
    }
    if (*sent == Progress::done) {
      return;
    }
    await_writable(*connection_);
  }
}

Loan Side::lend(std::size_t bytes) {
  for (;;) {
    auto lent = connection_->try_lend(bytes);
    if (!lent) {
      EXPECT_EQ(lent.error(), Code::disconnected) << lent.error().what();
      throw Over{};
    }
    if (*lent) {
      return std::move(**lent);
    }
    await_writable(*connection_);
  }
}

void Side::answer(std::size_t number) {
  if (plan_[number].meeting == Meeting::asleep) {
    wait_until_it_sleeps(other_);
  }
  own_.slept_before = own_.times("receive.lain_down");
  own_.sending = static_cast<std::uint32_t>(number);
  const Bytes body = answer_of(number);
  const std::array<std::span<const std::byte>, 1> pieces{body};
  OutgoingFrame frame{.pieces = pieces, .fds = {}, .size = body.size()};
  send_message(frame, number);
}

// ---- receiving ---------------------------------------------------------------------------------

void Side::receive_all() {
  for (std::size_t number = 0; number < plan_.size(); ++number) {
    if (plan_[number].meeting == Meeting::blocked) {
      wait_until_blocked(number);
      drop_views();
    }
    while (!received_[number]) {
      receive_one();
    }
    if (plan_[number].is_answered()) {
      answer(number);
    }
  }
  drop_views();
  receive_one();  // the end
  ADD_FAILURE() << "a message came after the last one";
}

// The next message, which is the next of its lane.
void Side::receive_one() {
  IncomingFrame frame;
  for (;;) {
    const auto received = connection_->try_receive(frame);
    if (!received) {
      throw Over{};
    }
    if (*received == Progress::done) {
      break;
    }
    await_receivable(*connection_);
  }
  note_received(frame);
}

void Side::note_received(IncomingFrame& frame) {
  const Bytes body = frame.joined();
  for (const Lane lane : {Lane::data, Lane::control}) {
    for (std::size_t number = 0; number < plan_.size(); ++number) {
      const Planned& planned = plan_[number];
      if (received_[number] || (setup_.sends ? !planned.is_answered() : planned.lane != lane)) {
        continue;
      }
      if (body == (setup_.sends ? answer_of(number) : body_of(number, planned.size))) {
        received_[number] = true;
        if (!setup_.sends) {
          take_fds(number);
        }
        if (frame.storage.size() > 0) {
          views_.push_back({number, std::move(frame.storage)});
        }
        return;
      }
      break;
    }
  }
  ADD_FAILURE() << "what came is not the next message of a lane: " << body.size() << " bytes";
  throw Over{};
}

void Side::take_fds(std::size_t number) {
  const auto fds = connection_->fds();
  ASSERT_EQ(fds.size(), plan_[number].fds) << number;
  for (std::size_t i = 0; i < fds.size(); ++i) {
    const UniqueFd taken = std::move(fds[i]);
    EXPECT_EQ(read_raw(taken.get(), 1)[0], std::byte{static_cast<unsigned char>(number + i)});
  }
}

void Side::wait_until_it_sleeps(const StepLog& other) const {
  wait_until([&] { return other.times("receive.lain_down") > other.slept_before || other.gone; });
}

void Side::wait_until_blocked(std::size_t number) {
  wait_until([&] {
    return (other_.sending >= number && other_.times("send.lain_down") > other_.blocked_before) ||
           other_.gone;
  });
}

// ---- when the peer is dead ---------------------------------------------------------------------

std::vector<bool> Side::receive_to_the_end() {
  try {
    for (;;) {
      receive_one();
    }
  } catch (const Over&) {
  }
  return received_;
}

Code Side::end() {
  const Error error = receive_error(*connection_);
  for (int again = 0; again < 3; ++again) {
    EXPECT_TRUE(connection_->arm_receive());
    EXPECT_EQ(receive_error(*connection_), error.code());
  }
  return error.code();
}

Code Side::send_to_the_end() {
  for (;;) {
    Outgoing message{"anybody?"};
    const auto sent = send_waiting(*connection_, message);
    if (!sent) {
      for (int again = 0; again < 3; ++again) {
        Outgoing another{"anybody?"};
        EXPECT_EQ(send_waiting(*connection_, another).error(), sent.error().code());
        EXPECT_EQ(connection_->try_lend(10).error(), sent.error().code());
      }
      return sent.error().code();
    }
  }
}

void Side::drop_views() {
  for (const View& view : views_) {
    const auto bytes = view.bytes.bytes();
    EXPECT_TRUE(std::ranges::equal(bytes, body_of(view.number, bytes.size())));
  }
  views_.clear();
}

void Side::close() {
  connection_->close();
  closed_ = true;
}

}  // namespace troupe::harness
