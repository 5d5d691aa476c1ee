// SPDX-License-Identifier: Apache-2.0
#pragma once

// ZmqEnd: one end of a session and the ZeroMQ socket below it, which a router shares with its other
// sessions.

#include "troupe/transports/frame_connection.hpp"
#include "troupe/transports/zmq/internal/zmq_session.hpp"
#include "troupe/transports/zmq/internal/zmq_socket.hpp"

#include <mutex>
#include <string>

namespace troupe::transports {

class ZmqEnd {
 public:
  ZmqEnd() = default;
  ZmqEnd(const ZmqEnd&) = delete;
  ZmqEnd& operator=(const ZmqEnd&) = delete;
  virtual ~ZmqEnd() = default;  // takes leave of the peer

  // Guards the session and the socket: held for what follows but readiness and forks.
  virtual std::mutex& mutex() const noexcept = 0;
  virtual ZmqSession& session() noexcept = 0;
  // To the peer; and settles where another thread waits, whose news the sending may have swallowed.
  // False: it cannot be reached.
  virtual bool send(zmq::message_t message) = 0;
  // Hands what has come to its sessions, until nothing is left.
  virtual void settle() = 0;
  // The same; and before a wait, what libzmq says of the connection: to ask costs as much as to
  // receive.
  virtual void settle_to_wait() = 0;
  // A thread is about to wait by readable(), or by writable(): nothing that was reported before
  // counts. settle_to_wait() follows.
  virtual void begin_wait_to_read() noexcept {}
  virtual void begin_wait_to_write() noexcept {}

  virtual Readiness readable() const noexcept = 0;
  virtual Readiness writable() const noexcept = 0;
  virtual bool is_forked_copy() const noexcept = 0;
  // See FrameConnection.
  virtual std::string peer_key() const = 0;
};

}  // namespace troupe::transports
