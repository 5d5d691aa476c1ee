// SPDX-License-Identifier: Apache-2.0
#include "troupe/sim/internal/sim_transport.hpp"

#include "troupe/sim/internal/node.hpp"
#include "troupe/sim/internal/sim_connection.hpp"

#include <string>
#include <utility>

namespace troupe::sim {
namespace {

using transports::FrameConnection;

std::string name_of(const Address& address) {
  return std::string{address.host()} + std::string{address.path()};
}

std::unique_ptr<FrameConnection> connection(Network& network, std::shared_ptr<Wire> wire,
                                            std::size_t side, std::size_t max_message) {
  return std::make_unique<SimConnection>(network, std::move(wire), side, max_message);
}

class SimDial final : public transports::Dial {
 public:
  SimDial(Network& network, std::shared_ptr<Wire> wire, std::size_t max_message)
      : network_(network), wire_(std::move(wire)), max_message_(max_message) {}
  ~SimDial() override {
    if (wire_ != nullptr) {
      network_.close(*wire_, 0);
    }
  }

  Result<std::unique_ptr<FrameConnection>> step() override {
    const Way& back = wire_->ways[1];
    if (back.receiver == nullptr) {
      return Error{Code::disconnected,
                   "connect to sim:" + wire_->listener + ": this node has crashed"};
    }
    if (back.state == Way::State::dialing) {
      return std::unique_ptr<FrameConnection>{};
    }
    if (back.state == Way::State::refused) {
      return Error{Code::not_found, "connect to sim:" + wire_->listener + ": nobody listens there"};
    }
    return connection(network_, std::exchange(wire_, nullptr), 0, max_message_);
  }
  transports::Readiness readiness() const noexcept override {
    return wire_->ways[1].arrival.readiness();
  }
  std::string_view waits_for() const noexcept override { return "no answer has come"; }

 private:
  Network& network_;
  std::shared_ptr<Wire> wire_;  // null: it is the connection's
  const std::size_t max_message_;
};

class SimListener final : public transports::FrameListener {
 public:
  SimListener(Network& network, std::string name, std::shared_ptr<Backlog> backlog,
              std::size_t max_message)
      : network_(network),
        name_(std::move(name)),
        address_("sim:" + name_),
        backlog_(std::move(backlog)),
        max_message_(max_message) {}
  ~SimListener() override { network_.unlisten(name_, *backlog_); }

  Result<std::unique_ptr<FrameConnection>> try_accept() override {
    if (backlog_->waiting.empty()) {
      backlog_->arrival.silence();
      return std::unique_ptr<FrameConnection>{};
    }
    auto wire = std::move(backlog_->waiting.front());
    backlog_->waiting.pop_front();
    return connection(network_, std::move(wire), 1, max_message_);
  }
  transports::Readiness readable() const noexcept override { return backlog_->arrival.readiness(); }
  const Address& address() const noexcept override { return address_; }

 private:
  Network& network_;
  const std::string name_;
  const Address address_;
  const std::shared_ptr<Backlog> backlog_;
  const std::size_t max_message_;
};

}  // namespace

transports::Capabilities SimTransport::capabilities() const noexcept {
  return SimConnection::kCapabilities;
}

Result<std::unique_ptr<transports::Dial>> SimTransport::dial(const Address& address,
                                                             const ConnectOptions& options) {
  std::string name = name_of(address);
  if (name.empty()) {
    return Error{Code::invalid_argument, address.text() + ": it names no node"};
  }
  if (node_.silent()) {
    return Error{Code::disconnected, "connect to " + address.text() + ": this node has crashed"};
  }
  return std::unique_ptr<transports::Dial>{std::make_unique<SimDial>(
      network_, network_.dial(node_, std::move(name)), options.max_message)};
}

Result<std::unique_ptr<transports::FrameListener>> SimTransport::listen(
    const Address& address, const ConnectOptions& options) {
  const std::string wanted = name_of(address);
  const std::string name = wanted.empty() ? node_.name() : wanted;
  if (name.substr(0, name.find('/')) != node_.name()) {
    return Error{Code::invalid_argument, "listen at " + address.text() + ": the node " +
                                             node_.name() + " listens at sim:" + node_.name()};
  }
  auto backlog = std::make_shared<Backlog>();
  backlog->node = &node_;
  if (node_.silent() || !network_.listen(node_, name, backlog)) {
    return Error{Code::exists, "listen at " + address.text() + ": the address is in use"};
  }
  return std::unique_ptr<transports::FrameListener>{
      std::make_unique<SimListener>(network_, name, std::move(backlog), options.max_message)};
}

Result<transports::ConnectionPair> SimTransport::pair(const Address& address,
                                                      transports::Direction /*direction*/,
                                                      const ConnectOptions& /*options*/) {
  return Error{Code::refused, "make a pair of " + address.text() + ": use inproc:"};
}

Result<std::unique_ptr<FrameConnection>> SimTransport::adopt(transports::Handover handover) {
  return Error{Code::refused, "continue " + handover.peer + ": sim: stays in its World"};
}

}  // namespace troupe::sim
