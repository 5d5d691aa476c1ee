// SPDX-License-Identifier: Apache-2.0
#include "transports/transport_test.hpp"

#include <cstring>
#include <filesystem>
#include <utility>

namespace troupe::harness {

using transports::ConnectionPair;
using transports::FrameConnection;
using transports::FrameListener;
using transports::Lane;
using transports::Progress;
using transports::When;

// ---- FrameConnectionTest ----

void FrameConnectionTest::TearDown() {
  ends_ = {};
  transport_.reset();
  EXPECT_EQ(open_fds(), fds_before_) << "descriptors were left open";
  for (const auto& entry : std::filesystem::recursive_directory_iterator{directory_.path()}) {
    EXPECT_TRUE(entry.is_directory()) << entry.path() << " was left behind";
  }
}

void FrameConnectionTest::connect(const ConnectOptions& options) {
  ends_ = GetParam().connect(*transport_, options);
}

bool FrameConnectionTest::is_stream() const {
  return transport_->scheme() != "inproc";
}

bool FrameConnectionTest::encrypts() const {
  return transport_->scheme() == "tls";
}

bool FrameConnectionTest::hands_over() const {
  return is_stream() && !encrypts() && !transport_->scheme().starts_with("zmq");
}

bool FrameConnectionTest::gathers() const {
  return is_stream() && transport_->scheme() != "shm";
}

bool FrameConnectionTest::hands_over_whole() const {
  return !is_stream() || GetParam().capabilities.loans;
}

Bytes FrameConnectionTest::numbered(std::uint32_t number, std::size_t size) {
  Bytes body = pattern(size, number);
  std::memcpy(body.data(), &number, sizeof number);
  return body;
}

std::uint32_t FrameConnectionTest::number_of(std::span<const std::byte> body) {
  std::uint32_t number = 0;
  EXPECT_GE(body.size(), sizeof number);
  std::memcpy(&number, body.data(), sizeof number);
  return number;
}

std::unique_ptr<Outgoing> FrameConnectionTest::fill(std::size_t size, std::uint32_t& number) {
  for (number = 0;; ++number) {
    auto message = std::make_unique<Outgoing>(numbered(number, size));
    if (sender().try_send(message->frame, Lane::data, When::now).value() == Progress::would_block) {
      return message;
    }
  }
}

// ---- StreamTest ----

RawPeer StreamTest::connect_raw(const ConnectOptions& options,
                                std::unique_ptr<FrameConnection>& ours,
                                std::unique_ptr<FrameConnection>& its) {
  if (GetParam().foreign) {
    auto [end, peer] = GetParam().foreign(transport(), options);
    ours = std::move(end);
    its.reset();
    return std::move(peer);
  }
  connect(options);
  auto handover = its->hand_over().value();
  its->close();
  its.reset();
  return {{}, std::move(handover.input), std::move(handover.output)};
}

// ---- FrameListenerTest ----

void FrameListenerTest::TearDown() {
  transport_.reset();
  EXPECT_EQ(open_fds(), fds_before_) << "descriptors were left open";
  for (const TemporaryDirectory* directory : {&directory_, &private_}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator{directory->path()}) {
      EXPECT_TRUE(entry.is_directory()) << entry.path() << " was left behind";
    }
  }
}

Address FrameListenerTest::new_address() {
  std::string where = GetParam().address;
  const auto put = [&](std::string_view mark, const std::string& text) {
    if (const auto at = where.find(mark); at != std::string::npos) {
      where.replace(at, mark.size(), text);
    }
  };
  put("%d", directory_.path());
  put("%n", std::to_string(++addresses_));
  return Address{where};
}

std::unique_ptr<FrameListener> FrameListenerTest::listen(const ConnectOptions& options) {
  return transport_->listen(new_address(), options).value();
}

ConnectionPair FrameListenerTest::connect(FrameListener& listener) {
  const auto dial = transport_->dial(listener.address(), {}).value();
  return meet(listener, *dial);
}

}  // namespace troupe::harness
