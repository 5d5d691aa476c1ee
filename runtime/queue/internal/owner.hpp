// SPDX-License-Identifier: Apache-2.0
#pragma once

// Owner: the one place where a queue is. It serves its clients over their connections on a thread
// of its own, which no handler of a user can keep; it looks, does what is to be done, and waits for
// all of them at once. Thread-safe where it says so, the rest is that thread's.

#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/fiber/learned_spin.hpp"
#include "troupe/runtime/fiber/ports.hpp"
#include "troupe/runtime/queue/internal/archive.hpp"
#include "troupe/runtime/queue/internal/queue_frame.hpp"
#include "troupe/runtime/queue/internal/session.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace troupe::queue {

class Owner final : public std::enable_shared_from_this<Owner> {
 public:
  // Throws Error: invalid_argument (options), overloaded and system (no descriptor), those of
  // Archive::open.
  Owner(RuntimeCore& runtime, std::string name, Schema schema, const QueueOptions& options);
  ~Owner();
  // Throws Error (invalid_argument).
  static QueueOptions checked(const QueueOptions& options);

  // Thread-safe.
  RuntimeCore& runtime() const noexcept { return runtime_; }
  const std::string& name() const noexcept { return name_; }
  const QueueOptions& options() const noexcept { return options_; }
  // Starts its thread. Throws Error (overloaded, system).
  void start();
  // Serves one more client, or tells it why not. `here`: it is of this process.
  void adopt(Connection connection, const Hello& hello, bool here);
  // A handle of it goes elsewhere: whoever gets it will come.
  void give_out() noexcept { given_out_.fetch_add(1); }
  // The last handle here is gone: it ends when nobody else uses one.
  void let_go() noexcept;
  // Ends it with all that it has.
  void end() noexcept;
  bool ended() const noexcept { return over_.load(); }

 private:
  struct Arrival {
    Connection connection;
    Hello hello;
    bool here;
  };
  class Serving;

  void run();
  void take_arrivals();
  Result<void> check(const Hello& hello) const;
  bool serve_all();
  void bury_dead();
  void write_down();
  void announce();
  bool is_written() const noexcept { return archive_ == nullptr || archive_->failure().empty(); }
  void serve_desks();
  void refuse_wishes(Desk& desk);
  void dispatch(Desk& desk);
  void grant(Desk& desk) const;
  void recall(Desk& desk);
  void answer(Desk& desk);
  bool is_forsaken();
  void tell_ends(Desk& desk);
  void end_overdue();
  void remove_ended();
  Result<void> wait();
  bool look();
  void ring() noexcept;

  RuntimeCore& runtime_;
  const std::string name_;
  const QueueOptions options_;
  const std::unique_ptr<Archive> archive_;  // null: it is not durable
  const std::uint64_t number_;
  const UniqueFd bell_;  // eventfd
  std::atomic<bool> over_{false};
  std::atomic<bool> held_{true};
  std::atomic<std::uint64_t> given_out_{0};

  mutable std::mutex lock_;
  // Guarded by lock_.
  std::vector<Arrival> arrivals_;
  Schema schema_;  // of the first client that says one
  bool gone_ = false;
  std::uint64_t arrived_ = 0;

  // Its thread's.
  Instant now_{};
  Desk items_;
  Desk dead_;
  std::vector<std::unique_ptr<Session>> sessions_;
  Instant overdue_at_{};
  LearnedSpin spin_;
  unsigned turns_ = 0;
  std::vector<PollItem> waits_;
  Encoded dead_item_;
};

}  // namespace troupe::queue
