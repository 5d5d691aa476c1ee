// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/internal/interest.hpp"

#include "troupe/base/error.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <mutex>
#include <utility>

namespace troupe::queue {

std::function<void()> Interest::Bell::announce() noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(::write(fd_.get(), &one, sizeof one));  // full: it is rung
  return {};
}

// Silent from now on.
int Interest::Bell::prepare() {
  if (!fd_) {
    fd_ = UniqueFd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (!fd_) {
      throw Error::system("select on a queue: eventfd", errno);
    }
  }
  std::uint64_t count = 0;
  static_cast<void>(::read(fd_.get(), &count, sizeof count));
  return fd_.get();
}

Interest::Interest(std::shared_ptr<QueueClient> client) : client_(std::move(client)) {
  if (client_ != nullptr) {
    const std::lock_guard lock{client_->lock_};
    ++client_->takers_;
  }
}

Interest::~Interest() {
  if (client_ == nullptr) {
    return;
  }
  stop_listening();
  const std::lock_guard lock{client_->lock_};
  --client_->takers_;
  if (client_->ordered_ + client_->received_.size() > client_->takers_) {
    client_->look_after_me();
  }
}

std::optional<Result<Taken>> Interest::try_take() {
  if (client_ == nullptr) {
    return Error{Code::closed, "select: this handle of a queue is empty"};
  }
  stop_listening();
  return client_->try_take_ordered();
}

bool Interest::wait_on(std::vector<PollItem>& items) {
  const int bell = bell_.prepare();
  const std::lock_guard lock{client_->lock_};
  if (!client_->received_.empty() || client_->ended_ || client_->failure_ ||
      client_->ordered_ < client_->takers_) {
    return false;
  }
  waiting_.emplace();
  (void)waiting_->waiter.watch(&bell_);
  client_->change_.add(*waiting_);
  items.push_back({{bell, POLLIN}});
  if (client_->redial_ == nullptr) {
    items.push_back({{client_->connection_.ready_fd(), POLLIN}});
  }
  return true;
}

void Interest::stop_listening() noexcept {
  if (waiting_) {
    const std::lock_guard lock{client_->lock_};
    client_->change_.remove(*waiting_);
    waiting_.reset();
  }
}

}  // namespace troupe::queue
