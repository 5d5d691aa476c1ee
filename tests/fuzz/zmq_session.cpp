// SPDX-License-Identifier: Apache-2.0
// Whatever messages a peer sends over ZeroMQ, a session reads what is counted right, holds no more
// than its window, and ends at the first that is not.
#include "troupe/transports/zmq/internal/zmq_session.hpp"

#include "input.hpp"
#include "troupe/base/check.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::transports;  // NOLINT(google-build-using-namespace): of one function
  troupe_fuzz::Input input{std::as_bytes(std::span{data, size})};
  auto session = ZmqSession::create(input.byte() + 1U);
  TROUPE_CHECK(session.has_value());
  std::uint64_t said = 0;
  std::uint64_t read = 0;
  while (!input.empty()) {
    const unsigned what = input.byte();
    const auto bytes = input.rest_of_frame();
    if (what == 0) {  // counted right
      auto message = zmq_data(said, bytes.size());
      if (!bytes.empty()) {
        std::memcpy(static_cast<std::byte*>(message.data()) + kZmqDataHeader, bytes.data(),
                    bytes.size());
      }
      said += bytes.size();
      session->take_in(std::move(message));
    } else if (what == 1) {
      std::array<std::byte, 100> place{};
      const std::array places{iovec{place.data(), place.size()}};
      read += session->read(places);
      (void)session->take_ack_due();
    } else if (what == 2 && session->room() > 0) {
      session->sent(1);
    } else {
      session->take_in(zmq::message_t{bytes.data(), bytes.size()});
    }
    TROUPE_CHECK(session->room() <= 256);
    if (session->is_over()) {
      TROUPE_CHECK(session->holds());
    }
  }
  TROUPE_CHECK(read <= size);
  return 0;
}
