// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/inproc/inproc_transport.hpp"

#include "troupe/transports/inproc/inproc_connection.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <map>
#include <mutex>
#include <string>

namespace troupe::transports {
namespace {

Result<std::string> name_of(const Address& address) {
  // inproc://name and inproc:name are the same.
  std::string name = std::string{address.host()} + std::string{address.path()};
  if (name.empty()) {
    return Error{Code::invalid_argument,
                 address.text() + ": it names nothing; write inproc://name"};
  }
  return name;
}

// Those who have connected and were not accepted yet.
struct Backlog {
  explicit Backlog(const ConnectOptions& options) : max_message(options.max_message) {}

  const std::size_t max_message;  // of the accepted ends
  const UniqueFd arrived{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)};

  // Guarded by mutex.
  std::mutex mutex;
  std::deque<std::unique_ptr<FrameConnection>> waiting;
};

class ReadyDial final : public Dial {
 public:
  explicit ReadyDial(std::unique_ptr<FrameConnection> connection)
      : connection_(std::move(connection)) {}
  Result<std::unique_ptr<FrameConnection>> step() override { return std::move(connection_); }
  Readiness readiness() const noexcept override { return {}; }

 private:
  std::unique_ptr<FrameConnection> connection_;
};

ConnectionPair make_pair(const Address& peer, std::size_t first_limit, std::size_t second_limit) {
  auto there = std::make_shared<FrameQueue>();
  auto back = std::make_shared<FrameQueue>();
  return {std::make_unique<InprocConnection>(peer, first_limit, there, back),
          std::make_unique<InprocConnection>(peer, second_limit, back, there)};
}

}  // namespace

// The listeners of one runtime by name. Thread-safe.
class InprocTransport::Names final {
 public:
  bool add(const std::string& name, const std::shared_ptr<Backlog>& backlog) {
    const std::lock_guard lock{mutex_};
    return listeners_.emplace(name, backlog).second;
  }
  void remove(const std::string& name) {
    const std::lock_guard lock{mutex_};
    listeners_.erase(name);
  }
  std::shared_ptr<Backlog> find(const std::string& name) {
    const std::lock_guard lock{mutex_};
    const auto found = listeners_.find(name);
    return found == listeners_.end() ? nullptr : found->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Backlog>> listeners_;  // guarded by mutex_
};

class InprocTransport::Listener final : public FrameListener {
 public:
  Listener(Address address, std::string name, std::shared_ptr<Names> names,
           std::shared_ptr<Backlog> backlog)
      : address_(std::move(address)),
        name_(std::move(name)),
        names_(std::move(names)),
        backlog_(std::move(backlog)) {}
  ~Listener() override { names_->remove(name_); }

  Result<std::unique_ptr<FrameConnection>> try_accept() override {
    const std::lock_guard lock{backlog_->mutex};
    if (backlog_->waiting.empty()) {
      return std::unique_ptr<FrameConnection>{};
    }
    std::uint64_t one = 0;
    (void)!::read(backlog_->arrived.get(), &one, sizeof one);  // one ring for each that waits
    auto first = std::move(backlog_->waiting.front());
    backlog_->waiting.pop_front();
    return first;
  }
  Readiness readable() const noexcept override { return {backlog_->arrived.get(), POLLIN}; }
  const Address& address() const noexcept override { return address_; }

 private:
  const Address address_;
  const std::string name_;
  const std::shared_ptr<Names> names_;
  const std::shared_ptr<Backlog> backlog_;
};

InprocTransport::InprocTransport() : names_(std::make_shared<Names>()) {}

InprocTransport::~InprocTransport() = default;

Capabilities InprocTransport::capabilities() const noexcept {
  return InprocConnection::kCapabilities;
}

Result<std::unique_ptr<Dial>> InprocTransport::dial(const Address& address,
                                                    const ConnectOptions& options) {
  const auto name = name_of(address);
  if (!name) {
    return name.error();
  }
  const auto backlog = names_->find(*name);
  if (backlog == nullptr) {
    return Error{Code::not_found,
                 "connect to " + address.text() + ": nobody is listening there in this process"};
  }
  auto [near, far] = make_pair(address, options.max_message, backlog->max_message);
  {
    const std::lock_guard lock{backlog->mutex};
    backlog->waiting.push_back(std::move(far));
  }
  const std::uint64_t one = 1;
  if (::write(backlog->arrived.get(), &one, sizeof one) != sizeof one) {
    return Error::system("connect to " + address.text(), errno);
  }
  return std::unique_ptr<Dial>{std::make_unique<ReadyDial>(std::move(near))};
}

Result<std::unique_ptr<FrameListener>> InprocTransport::listen(const Address& address,
                                                               const ConnectOptions& options) {
  const auto name = name_of(address);
  if (!name) {
    return name.error();
  }
  auto backlog = std::make_shared<Backlog>(options);
  if (!backlog->arrived) {
    return Error::system("listen at " + address.text(), errno);
  }
  if (!names_->add(*name, backlog)) {
    return Error{Code::exists, "listen at " + address.text() + ": the address is in use"};
  }
  return std::unique_ptr<FrameListener>{
      std::make_unique<Listener>(address, *name, names_, std::move(backlog))};
}

Result<ConnectionPair> InprocTransport::pair(const Address& address, Direction /*direction*/,
                                             const ConnectOptions& options) {
  return make_pair(address.empty() ? Address{"inproc:"} : address, options.max_message,
                   options.max_message);
}

Result<std::unique_ptr<FrameConnection>> InprocTransport::adopt(Handover handover) {
  return Error{Code::refused, "continue " + handover.peer + ": inproc: stays inside its process"};
}

}  // namespace troupe::transports
