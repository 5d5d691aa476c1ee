// SPDX-License-Identifier: Apache-2.0
#pragma once

// Interest: somebody's who waits for the next item of a queue and for other things, too. While it
// lives an item is on order. One thread's.

#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/fiber/change.hpp"
#include "troupe/runtime/fiber/ports.hpp"
#include "troupe/runtime/queue/queue_client.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace troupe::queue {

class Interest final {
 public:
  explicit Interest(std::shared_ptr<QueueClient> client);  // null: an empty handle's
  Interest(const Interest&) = delete;
  Interest& operator=(const Interest&) = delete;
  ~Interest();

  // An item, or why none will come. Nothing: there is none yet.
  std::optional<Result<Taken>> try_take();
  // Adds what is ready when there may be one. False: now. Throws Error (system).
  bool wait_on(std::vector<PollItem>& items);

 private:
  // Rung when another thread has received for the client.
  class Bell final : public fiber::Watcher {
   public:
    virtual ~Bell() = default;
    std::function<void()> announce() noexcept override;
    int prepare();

   private:
    UniqueFd fd_;  // made at the first wait
  };

  void stop_listening() noexcept;

  const std::shared_ptr<QueueClient> client_;
  Bell bell_;
  std::optional<fiber::Change::Waiting> waiting_;  // in the client's Change
};

}  // namespace troupe::queue
