// SPDX-License-Identifier: Apache-2.0
#pragma once

// Caretaker: looks after the clients of queues while their program does something else: what they
// hold and others may want goes back, what is to be acknowledged is. One thread of a runtime, from
// the first need on, asleep when there is nothing to look after; where a runtime has no threads, an
// actor, while there is something. Thread-safe.

#include "troupe/base/clock.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

namespace troupe {
class RuntimeCore;
}

namespace troupe::queue {

class QueueClient;

class Caretaker final : public std::enable_shared_from_this<Caretaker> {
 public:
  // How often it looks.
  static constexpr Duration kLook = std::chrono::milliseconds{5};

  explicit Caretaker(RuntimeCore& runtime) noexcept : runtime_(runtime) {}
  Caretaker(const Caretaker&) = delete;
  Caretaker& operator=(const Caretaker&) = delete;
  ~Caretaker() = default;

  // Looks after it until QueueClient::look_after says that there is nothing more.
  void add(std::weak_ptr<QueueClient> client);
  // Ends the thread.
  void close();

 private:
  using Lock = std::unique_lock<std::mutex>;
  class Caring;

  void run();
  void look(Lock& lock);
  // False: there is nothing to look after any more.
  bool look_once();

  RuntimeCore& runtime_;
  std::mutex lock_;
  // Guarded by lock_.
  std::condition_variable news_;
  std::vector<std::weak_ptr<QueueClient>> clients_;
  bool running_ = false;
  bool closed_ = false;
};

}  // namespace troupe::queue
