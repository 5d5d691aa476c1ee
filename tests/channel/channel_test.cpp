// SPDX-License-Identifier: Apache-2.0
#include "channel/channel_test.hpp"

#include <future>
#include <utility>

namespace troupe::harness {

using transports::Direction;

Address address_of(const Link& link, const std::string& directory) {
  std::string where = link.address;
  if (const auto at = where.find("%d"); at != std::string::npos) {
    where.replace(at, 2, directory);
  }
  return Address{where};
}

// ---- Party ----

Party::Party(bool process, Connection& end, Connection& kept,
             std::function<void(Connection&)> body) {
  if (process) {
    child_ = std::make_unique<Child>([&] {
      kept.close();
      body(end);
      end.close();
    });
    end.close();
  } else {
    thread_ = std::jthread{[end = std::move(end), body = std::move(body)]() mutable { body(end); }};
  }
}

Party::~Party() = default;

void Party::expect_success() {
  if (child_ != nullptr) {
    EXPECT_EQ(child_->join(), 0);
  } else if (thread_.joinable()) {
    thread_.join();
  }
}

// ---- ChannelTest ----

void ChannelTest::TearDown() {
  first_.close();
  second_.close();
  own_runtime_.reset();
  EXPECT_EQ(open_fds(), fds_before_) << "descriptors were left open";
}

void ChannelTest::connect(RuntimeCore& first, RuntimeCore& second, const ConnectOptions& options) {
  const Link& link = GetParam();
  if (!link.listens) {
    auto transport = first.transports().find(address()).value();
    auto ends =
        transport->pair(address(), link.duplex ? Direction::duplex : Direction::one_way, options)
            .value();
    first_ = Connection{first, std::move(ends.first)};
    second_ = Connection{second, std::move(ends.second)};
    return;
  }
  auto listener = Listener::create(first, address(), options).value();
  // Names of inproc belong to one runtime.
  RuntimeCore& dialling = link.crosses_processes ? second : first;
  std::jthread client{[&, where = listener.address()] {
    second_ = troupe::connect(dialling, where, options).value();
  }};
  first_ = listener.accept().value();
}

UniqueFd ConnectionTest::raw_second() {
  auto handover = second_.hand_over().value();
  second_.close();
  return handover.output ? std::move(handover.output) : std::move(handover.input);
}

std::string text(const Result<Bytes>& message) {
  return message ? std::string{text_of(*message)} : outcome(message);
}

}  // namespace troupe::harness
