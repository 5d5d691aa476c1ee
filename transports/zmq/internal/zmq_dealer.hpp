// SPDX-License-Identifier: Apache-2.0
#pragma once

// ZmqDealer: the end of a session that has connected: a DEALER socket of its own, so that room and
// readiness are its peer's alone. Used directly by the threads that send and receive.

#include "troupe/base/os/event_set.hpp"
#include "troupe/transports/zmq/internal/zmq_end.hpp"

#include <memory>
#include <optional>
#include <string>

namespace troupe::transports {

class ZmqDealer final : public ZmqEnd {
 public:
  // What a socket has heard before its session began.
  struct Setup {
    ZmqSocket socket;
    std::shared_ptr<ZmqContext> context;
    std::uint32_t window;    // of the welcome
    std::string server_key;  // empty: in the clear
  };
  static Result<std::unique_ptr<ZmqDealer>> create(Setup setup);
  ~ZmqDealer() override;

  std::mutex& mutex() const noexcept override { return mutex_; }
  ZmqSession& session() noexcept override { return session_; }
  bool send(zmq::message_t message) override;
  void settle() override;
  void settle_to_wait() override;
  void begin_wait_to_read() noexcept override { reads_.take(); }
  void begin_wait_to_write() noexcept override { writes_.take(); }
  Readiness readable() const noexcept override;
  Readiness writable() const noexcept override;
  bool is_forked_copy() const noexcept override { return context_->is_forked_copy(); }
  std::string peer_key() const override { return server_key_; }

 private:
  ZmqDealer(Setup setup, ZmqSession session, os::EventSet reads, os::EventSet writes);

  void await_farewell();

  const std::shared_ptr<ZmqContext> context_;
  const std::string server_key_;
  mutable std::mutex mutex_;
  ZmqSocket socket_;
  ZmqSession session_;
  bool gone_ = false;  // the connection has broken
  // One for each direction: the socket's news, and what another thread found of it.
  mutable os::EventSet reads_;
  mutable os::EventSet writes_;
};

}  // namespace troupe::transports
