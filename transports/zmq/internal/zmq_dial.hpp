// SPDX-License-Identifier: Apache-2.0
#pragma once

// ZmqDial: connects a DEALER socket, says hello, and waits for the welcome: at one endpoint after
// the other, until somebody answers.

#include "troupe/base/os/event_set.hpp"
#include "troupe/transports/transport.hpp"
#include "troupe/transports/zmq/internal/zmq_dealer.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::transports {

class ZmqDial final : public Dial {
 public:
  using Make = std::function<std::unique_ptr<FrameConnection>(std::unique_ptr<ZmqEnd> end)>;

  struct Setup {
    std::shared_ptr<ZmqContext> context;
    std::string doing;
    std::vector<std::string> endpoints;  // as libzmq spells them; at least one
    std::string server_key;              // empty: in the clear
    CurveKeys own{};
    ConnectOptions options;
    Make make;  // makes the connection of the end
  };
  explicit ZmqDial(Setup setup) : setup_(std::move(setup)) {}

  // Errors: not_found (nobody listens at any), refused (no ZeroMQ there, or one that does not let
  // this end in), timed_out (no welcome within ConnectOptions::handshake), those of ZmqSocket.
  Result<std::unique_ptr<FrameConnection>> step() override;
  Readiness readiness() const noexcept override;
  std::string_view waits_for() const noexcept override;
  Deadline wake() const noexcept override { return until_; }

 private:
  Result<void> begin();
  Result<std::unique_ptr<FrameConnection>> take_answer(const zmq::message_t& message);
  // Why this attempt is over; nothing while it is not.
  std::optional<Error> take_events();

  const Setup setup_;
  std::size_t next_ = 0;
  std::optional<ZmqSocket> socket_;
  mutable std::optional<os::EventSet> news_;
  bool connected_ = false;
  Deadline until_ = Deadline::never();
};

}  // namespace troupe::transports
