// SPDX-License-Identifier: Apache-2.0
#include "troupe/sim/world.hpp"

#include "troupe/base/error.hpp"
#include "troupe/sim/internal/state.hpp"

#include <utility>

namespace troupe::sim {
namespace {

Error no_node(std::string_view doing, std::string_view name, std::string_view why) {
  return {Code::not_found, std::string{doing} + " " + std::string{name} + ": " + std::string{why}};
}

}  // namespace

World::World(std::uint64_t seed, const WorldOptions& options)
    : state_(std::make_unique<State>(seed, options)) {}

World::~World() = default;

Runtime& World::node(std::string_view name) {
  if (Node* const node = state_->find(name); node != nullptr) {
    return node->runtime();
  }
  if (state_->knows(name)) {
    throw no_node("node", name, "it has crashed; restart it");
  }
  return state_->begin(name).runtime();
}

void World::crash(std::string_view name) {
  Node* const node = state_->find(name);
  if (node == nullptr) {
    throw no_node("crash", name, "no such node runs");
  }
  state_->crash(*node);
}

Runtime& World::restart(std::string_view name) {
  if (!state_->knows(name)) {
    throw no_node("restart", name, "there has been no such node");
  }
  if (Node* const node = state_->find(name); node != nullptr) {
    state_->crash(*node);
  }
  return state_->begin(name).runtime();
}

void World::kill(const actor::Target& target) {
  state_->kill(target);
}

void World::cut(std::string_view a, std::string_view b) {
  state_->cut(a, b, true);
}

void World::cut_one_way(std::string_view from, std::string_view to) {
  state_->cut_one_way(from, to);
}

void World::heal(std::string_view a, std::string_view b) {
  state_->cut(a, b, false);
}

void World::link(std::string_view a, std::string_view b, const Faults& faults) {
  state_->link(a, b, faults);
}

bool World::run_until_idle(Duration limit) {
  const Deadline until{limit};
  for (;;) {
    while (state_->step_now()) {
    }
    if (state_->is_idle()) {
      return true;
    }
    if (!state_->step(until)) {
      return false;
    }
  }
}

void World::run_for(Duration time) {
  const Deadline until{time};
  while (state_->step(until)) {
  }
}

bool World::run_until(const std::function<bool()>& predicate, Duration limit) {
  const Deadline until{limit};
  while (!predicate()) {
    if (!state_->step(until)) {
      return predicate();
    }
  }
  return true;
}

Instant World::now() const noexcept {
  return state_->clock().now();
}

std::uint64_t World::seed() const noexcept {
  return state_->seed();
}

std::string World::trace(std::size_t last) const {
  return state_->trace().text(state_->seed(), last);
}

}  // namespace troupe::sim
