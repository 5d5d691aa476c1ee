// SPDX-License-Identifier: Apache-2.0
#include "transports/frames.hpp"

#include "troupe/base/check.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <utility>

namespace troupe::harness {

using transports::FrameConnection;
using transports::IncomingFrame;
using transports::Lane;
using transports::Progress;
using transports::Readiness;
using transports::When;

namespace {

Bytes owned(std::string_view text) {
  const auto bytes = bytes_of(text);
  return {bytes.begin(), bytes.end()};
}

void await(std::span<pollfd> items) {
  while (::poll(items.data(), items.size(), -1) < 0) {
    TROUPE_CHECK(errno == EINTR);
  }
}

pollfd item_of(const Readiness& readiness) {
  return {readiness.fd, readiness.events, 0};
}

}  // namespace

Outgoing::Outgoing(const Bytes& body, std::vector<UniqueFd> fds)
    : Outgoing(std::vector<Bytes>(1, body)) {
  fds_ = std::move(fds);
  frame.fds = fds_;
}

Outgoing::Outgoing(std::string_view body, std::vector<UniqueFd> fds)
    : Outgoing(owned(body), std::move(fds)) {}

Outgoing::Outgoing(std::vector<Bytes> pieces) : storage_(std::move(pieces)) {
  for (const Bytes& piece : storage_) {
    pieces_.emplace_back(piece);
    frame.size += piece.size();
  }
  frame.pieces = pieces_;
}

void await_receivable(FrameConnection& connection) {
  if (!connection.arm_receive()) {
    std::array items{item_of(connection.readable())};
    await(items);
  }
}

void await_writable(FrameConnection& connection) {
  std::array items{item_of(connection.writable())};
  await(items);
}

void send(FrameConnection& connection, std::string_view body, Lane lane, When when) {
  Outgoing message{body};
  const auto sent = connection.try_send(message.frame, lane, when);
  ASSERT_TRUE(sent) << sent.error().what();
  ASSERT_EQ(*sent, Progress::done);
}

Result<void> send_waiting(FrameConnection& connection, Outgoing& message, Lane lane) {
  for (;;) {
    const auto sent = connection.try_send(message.frame, lane, When::now);
    if (!sent) {
      return sent.error();
    }
    if (*sent == Progress::done) {
      return {};
    }
    await_writable(connection);
  }
}

Result<void> flush_waiting(FrameConnection& connection) {
  for (;;) {
    const auto flushed = connection.try_flush();
    if (!flushed) {
      return flushed.error();
    }
    if (*flushed == Progress::done) {
      return {};
    }
    await_writable(connection);
  }
}

Result<Bytes> receive(FrameConnection& connection) {
  for (;;) {
    IncomingFrame frame;
    const auto received = connection.try_receive(frame);
    if (!received) {
      return received.error();
    }
    if (*received == Progress::done) {
      return frame.joined();
    }
    await_receivable(connection);
  }
}

std::string receive_text(FrameConnection& connection) {
  const Bytes body = receive(connection).value();
  return std::string{text_of(body)};
}

Error receive_error(FrameConnection& connection) {
  for (;;) {
    if (auto received = receive(connection); !received) {
      return received.error();
    }
    ADD_FAILURE() << "a message came where an error was due";
  }
}

Bytes cross(FrameConnection& sender, Outgoing& message, FrameConnection& receiver) {
  for (;;) {
    const auto sent = sender.try_send(message.frame, Lane::data, When::now).value();
    if (sent == Progress::done) {
      return receive_flushing(receiver, sender);
    }
    IncomingFrame frame;
    if (receiver.try_receive(frame).value() == Progress::done) {
      ADD_FAILURE() << "a message came before all of it was sent";
      return {};
    }
    if (!receiver.arm_receive()) {
      std::array items{item_of(receiver.readable()), item_of(sender.writable())};
      await(items);
    }
  }
}

Bytes receive_flushing(FrameConnection& receiver, FrameConnection& sender) {
  for (;;) {
    const bool flushed = sender.try_flush().value() == Progress::done;
    IncomingFrame frame;
    if (receiver.try_receive(frame).value() == Progress::done) {
      return frame.joined();
    }
    if (!receiver.arm_receive()) {
      std::array items{item_of(receiver.readable()),
                       flushed ? pollfd{-1, 0, 0} : item_of(sender.writable())};
      await(items);
    }
  }
}

Bytes cross(FrameConnection& sender, const Bytes& body, FrameConnection& receiver) {
  Outgoing message{body};
  return cross(sender, message, receiver);
}

bool is_silent(FrameConnection& connection) {
  IncomingFrame frame;
  const auto received = connection.try_receive(frame);
  return received && *received == Progress::would_block;
}

}  // namespace troupe::harness
