// SPDX-License-Identifier: Apache-2.0
#pragma once

// Side: one side of the planned traffic. Connects, then sends or receives all of it, until it is
// done or its peer is gone; and says what of the peer's has come, and how it ended.

#include "transports/kill_matrix/plan.hpp"
#include "transports/kill_matrix/step_log.hpp"
#include "troupe/transports/shm/shm_transport.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::harness {

class Side final {
 public:
  struct Setup {
    bool sends = false;
    bool listens = false;
    bool lends = true;
  };
  // `own` is written, `other` read.
  Side(const Setup& setup, StepLog& own, const StepLog& other);
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;
  ~Side();

  // All of the traffic. It fails the test when what comes is not what the plan says.
  void run();

  // ---- of the survivor, when the peer is dead ----

  // Whether it ever met the peer.
  bool has_met() const { return connection_ != nullptr; }
  // Whether it is done, and has closed its end.
  bool has_closed() const { return closed_; }
  // Receives what is left. Which of the peer's messages have come, by number; once each, in order.
  std::vector<bool> receive_to_the_end();
  // How the receiving has ended: it stays so.
  Code end();
  // Sends until that fails, which it then always does.
  Code send_to_the_end();
  // Views that it holds are what they were, and go.
  void drop_views();
  // The listener is kept for others: it is the survivor's.
  std::unique_ptr<transports::FrameListener> take_listener() { return std::move(listener_); }
  void close();

  static std::string address(bool lends);

 private:
  struct View {
    std::size_t number = 0;
    Buffer bytes;
  };

  void connect();
  void send_all();
  void receive_all();

  void send(std::size_t number);
  void send_message(transports::OutgoingFrame& frame, std::size_t number);
  void answer(std::size_t number);
  Loan lend(std::size_t bytes);
  void receive_one();
  void note_received(transports::IncomingFrame& frame);
  void take_fds(std::size_t number);
  void wait_until_it_sleeps(const StepLog& other) const;
  void wait_until_blocked(std::size_t number);

  const Setup setup_;
  StepLog& own_;
  const StepLog& other_;
  const std::vector<Planned> plan_;
  transports::ShmTransport transport_;
  std::unique_ptr<transports::FrameListener> listener_;
  std::unique_ptr<transports::FrameConnection> connection_;
  bool closed_ = false;
  std::vector<bool> received_;
  std::vector<View> views_;
};

}  // namespace troupe::harness
