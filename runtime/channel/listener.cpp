// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/channel/listener.hpp"

#include "troupe/runtime/channel/dialing.hpp"
#include "troupe/runtime/fiber/open_mark.hpp"
#include "troupe/runtime/fiber/park.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/transports/catalog.hpp"

#include <list>
#include <utility>
#include <vector>

namespace troupe {

using transports::FrameConnection;
using transports::Handshake;
using transports::Progress;

struct Listener::State {
  // A client that has connected and not yet proven the key.
  struct Coming {
    std::unique_ptr<FrameConnection> connection;
    Handshake handshake;
    Deadline until;
  };

  RuntimeCore& runtime;
  ConnectOptions options;
  std::unique_ptr<transports::FrameListener> listener;
  std::list<Coming> coming;
  std::unique_ptr<OpenMark> open;

  Result<std::unique_ptr<FrameConnection>> next();
  std::unique_ptr<FrameConnection> next_proven();
  bool waits_on(std::vector<PollItem>& items, Deadline& wake);
  Result<void> wait(Deadline until);
};

Listener::Listener(std::unique_ptr<State> state) : state_(std::move(state)) {}
Listener::Listener(Listener&& other) noexcept = default;
Listener& Listener::operator=(Listener&& other) noexcept = default;
Listener::~Listener() = default;

Result<Listener> Listener::create(RuntimeCore& runtime, const Address& address,
                                  const ConnectOptions& options) {
  const Address where = address.empty() ? Address{"unix:"} : address;
  const auto transport = transport_for(runtime, where, options);
  if (!transport) {
    return transport.error();
  }
  auto listener = (*transport)->listen(where, options);
  if (!listener) {
    return listener.error();
  }
  auto open = std::make_unique<OpenMark>(
      runtime, [its = listener->get()] { return "listener at " + its->address().text(); });
  return Listener{
      std::make_unique<State>(State{runtime, options, std::move(*listener), {}, std::move(open)})};
}

Result<Connection> Listener::accept(Deadline until) {
  if (state_ == nullptr) {
    return Error{Code::closed, "accept: this listener is closed"};
  }
  for (;;) {
    auto connection = state_->next();
    if (!connection) {
      return connection.error();
    }
    if (*connection != nullptr) {
      return Connection{state_->runtime, std::move(*connection)};
    }
    if (auto waited = state_->wait(until); !waited) {
      return waited.error().within("accept at " + state_->listener->address().text());
    }
  }
}

// Takes in who has come, and returns one that may be handed out; null: none yet.
Result<std::unique_ptr<FrameConnection>> Listener::State::next() {
  for (;;) {
    auto accepted = listener->try_accept();
    for (const Error& why : listener->take_dropped()) {
      runtime.log().write("accept at " + listener->address().text() +
                          ": dropped a client: " + why.what());
    }
    if (!accepted || *accepted == nullptr) {
      // Those who are here already are served also while no more can come.
      auto proven = next_proven();
      return accepted || proven != nullptr ? std::move(proven) : std::move(accepted);
    }
    if (options.key.empty()) {
      return accepted;
    }
    (*accepted)->set_receive_limit(Handshake::kLargestFrame);
    Handshake handshake{options.key, Handshake::Role::listener, legacy_for(**accepted)};
    coming.push_back({std::move(*accepted), std::move(handshake), Deadline{options.handshake}});
  }
}

std::unique_ptr<FrameConnection> Listener::State::next_proven() {
  for (auto client = coming.begin(); client != coming.end();) {
    const auto step = client->handshake.step(*client->connection);
    if (step && *step == Progress::done) {
      auto connection = std::move(client->connection);
      connection->set_receive_limit(options.max_message);
      coming.erase(client);
      return connection;
    }
    if (step && !client->until.passed()) {
      ++client;
      continue;
    }
    runtime.log().write("accept at " + listener->address().text() + ": dropped a client: " +
                        (step ? "it did not prove the key in time" : step.error().what()));
    client = coming.erase(client);
  }
  return nullptr;
}

// False: something is there already.
bool Listener::State::waits_on(std::vector<PollItem>& items, Deadline& wake) {
  const auto readiness = listener->readable();
  if (readiness.fd < 0) {
    wake =
        earlier(wake, Deadline{std::chrono::milliseconds{10}});  // the other side of a named pipe
  }
  wake = earlier(wake, listener->wake());
  items.push_back({readiness});
  for (const Coming& client : coming) {
    if (client.connection->arm_receive()) {
      return false;
    }
    items.push_back({client.connection->readable()});
    wake = earlier(wake, client.until);
  }
  return true;
}

// Returns when something may have changed.
Result<void> Listener::State::wait(Deadline until) {
  Deadline wake = until;
  std::vector<PollItem> items;
  if (!waits_on(items, wake)) {
    return {};
  }
  auto waited = park(runtime, items, wake);
  return !waited && waited.error() == Code::timed_out && !until.passed() ? Result<void>{} : waited;
}

bool Listener::waits_on(std::vector<PollItem>& items, Deadline& wake) {
  return state_ != nullptr && state_->waits_on(items, wake);
}

Address Listener::address() const {
  return state_ ? state_->listener->address() : Address{};
}

int Listener::ready_fd() const noexcept {
  return state_ ? state_->listener->readable().fd : -1;
}

void Listener::close() {
  state_.reset();
}

}  // namespace troupe
