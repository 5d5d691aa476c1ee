// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/internal/caretaker.hpp"

#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/fiber/waiter.hpp"
#include "troupe/runtime/queue/queue_client.hpp"

#include <utility>

namespace troupe::queue {

// What the thread is elsewhere.
class Caretaker::Caring final {
 public:
  explicit Caring(std::shared_ptr<Caretaker> caretaker) : caretaker_(std::move(caretaker)) {}

  void started(Context& context) {
    do {
      fiber::Waiter never;
      (void)never.wait(caretaker_->runtime_, Deadline{kLook});
    } while (caretaker_->look_once());
    context.stop();
  }

 private:
  const std::shared_ptr<Caretaker> caretaker_;
};

void Caretaker::add(std::weak_ptr<QueueClient> client) {
  const std::lock_guard lock{lock_};
  if (closed_) {
    return;
  }
  clients_.push_back(std::move(client));
  if (!std::exchange(running_, true)) {
    if (runtime_.executor().has_threads()) {
      runtime_.executor().execute([this] { run(); });
    } else {
      (void)actor::spawn<Caring>(runtime_, nullptr, nullptr, shared_from_this());
    }
  }
  news_.notify_all();
}

void Caretaker::run() {
  const RuntimeCore::Scope scope{runtime_};
  Lock lock{lock_};
  while (!closed_) {
    if (clients_.empty()) {
      news_.wait(lock);
      continue;
    }
    news_.wait_for(lock, kLook);
    look(lock);
  }
  running_ = false;
  news_.notify_all();
}

void Caretaker::look(Lock& lock) {
  auto looked_at = std::exchange(clients_, {});
  lock.unlock();
  std::erase_if(looked_at, [](const auto& each) {
    const auto client = each.lock();
    return client == nullptr || !client->look_after();
  });
  lock.lock();
  clients_.insert(clients_.end(), looked_at.begin(), looked_at.end());
}

bool Caretaker::look_once() {
  Lock lock{lock_};
  look(lock);
  running_ = !closed_ && !clients_.empty() && !runtime_.stopping();
  return running_;
}

void Caretaker::close() {
  Lock lock{lock_};
  closed_ = true;
  clients_.clear();
  news_.notify_all();
  if (runtime_.executor().has_threads()) {
    news_.wait(lock, [this] { return !running_; });
  }
}

}  // namespace troupe::queue
