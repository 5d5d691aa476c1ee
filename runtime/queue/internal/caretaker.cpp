// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/internal/caretaker.hpp"

#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/queue_client.hpp"

#include <utility>

namespace troupe::queue {

void Caretaker::add(std::weak_ptr<QueueClient> client) {
  const std::lock_guard lock{lock_};
  if (closed_) {
    return;
  }
  clients_.push_back(std::move(client));
  if (!std::exchange(running_, true)) {
    runtime_.executor().execute([this] { run(); });
  }
  news_.notify_all();
}

void Caretaker::run() {
  const RuntimeCore::Scope scope{runtime_};
  std::unique_lock lock{lock_};
  while (!closed_) {
    if (clients_.empty()) {
      news_.wait(lock);
      continue;
    }
    news_.wait_for(lock, kLook);
    auto looked_at = std::exchange(clients_, {});
    lock.unlock();
    std::erase_if(looked_at, [](const auto& each) {
      const auto client = each.lock();
      return client == nullptr || !client->look_after();
    });
    lock.lock();
    clients_.insert(clients_.end(), looked_at.begin(), looked_at.end());
  }
  running_ = false;
  news_.notify_all();
}

void Caretaker::close() {
  std::unique_lock lock{lock_};
  closed_ = true;
  clients_.clear();
  news_.notify_all();
  news_.wait(lock, [this] { return !running_; });
}

}  // namespace troupe::queue
