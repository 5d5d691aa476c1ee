// SPDX-License-Identifier: Apache-2.0
#include "troupe/sim/internal/node.hpp"

#include "troupe/sim/internal/sim_transport.hpp"
#include "troupe/transports/catalog.hpp"

#include <csignal>
#include <memory>
#include <utility>

namespace troupe::sim {
namespace {

const Exit kKilled{.kind = Exit::Kind::killed, .signal = SIGKILL};

}  // namespace

Node::Node(Office& office, std::string name, std::string label, const RuntimeOptions& options)
    : office_(office), name_(std::move(name)), label_(std::move(label)), runtime_(options) {
  system().set_courier(this);
  runtime_.transports().add(std::make_unique<SimTransport>(office.network(), *this));
  (void)runtime_.scheduler();  // so that waits outside of actors drive the world from the first on
}

const std::string& Node::text_of(std::uint64_t number) {
  auto [found, is_new] = texts_.try_emplace(number);
  if (is_new) {
    found->second = ActorId{0, 0, number}.text();
  }
  return found->second;
}

void Node::kill(const actor::Target& target) {
  killed_.insert(target.number);
  system().kill(target, kKilled);
}

void Node::kill_all() {
  system().kill_all(kKilled);
}

void Node::arrived(std::uint64_t number) {
  const auto found = on_the_way_.find(number);
  if (--found->second == 0) {
    on_the_way_.erase(found);
  }
}

bool Node::carry(std::uint64_t sender, const actor::Target& target, actor::Envelope& envelope,
                 std::size_t room) {
  Node* const from = sender != 0 ? office_.running() : nullptr;
  if (silent_ || (from != nullptr && from->is_dead(sender))) {
    system().lose(target, envelope, {Code::cancelled, "ask: one of the two has crashed"});
    return true;
  }
  auto [count, is_new] = on_the_way_.try_emplace(target.number, 0);
  if (count->second >= room) {
    if (is_new) {
      on_the_way_.erase(count);
    }
    return false;
  }
  ++count->second;
  office_.send(from, sender, *this, target, envelope);
  return true;
}

void Node::spawned(std::uint64_t number, std::string text) {
  texts_.insert_or_assign(number, std::move(text));
  office_.note_spawned(*this, number);
}

void Node::handles(std::uint64_t number, const actor::MessageType& message) {
  office_.note_handles(*this, number, message);
}

void Node::ended(std::uint64_t number, const Exit& reason) {
  killed_.erase(number);
  office_.note_ended(*this, number, reason);
}

}  // namespace troupe::sim
