// SPDX-License-Identifier: Apache-2.0
#pragma once

// The actors that the tests of lives watch and end: one that ends as it is told, and one that does
// in its own context what a test asks of it.

#include "actor/recorded.hpp"
#include "troupe/runtime/runtime.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace troupe::actor_test {

struct Fail {
  std::string what;
};
struct End {};
struct Ping {};

class Subject final {
 public:
  void handle(Fail fail) { throw std::runtime_error(fail.what); }
  void handle(End /*end*/, Context& context) { context.stop(); }
  int handle(Ping /*ping*/) { return 1; }
};

// To be run by an Observer, as its own code.
struct Do {
  std::function<void(Context& context)> what;
};

class Observer final {
 public:
  explicit Observer(Recorded<Down>& downs) : downs_(downs) {}
  void handle(const Do& act, Context& context) { act.what(context); }
  void handle(Down down) { downs_.add(std::move(down)); }

 private:
  Recorded<Down>& downs_;
};

// One without handle(Down).
class Bystander final {
 public:
  void handle(const Do& act, Context& context) { act.what(context); }
  int handle(Ping /*ping*/) { return 1; }
};

// Has the actor do it, and waits until it has.
template <class A>
void have(const Ref<A>& actor, std::function<void(Context& context)> what) {
  actor.ask(Do{std::move(what)}, forever).value();
}

// An Observer that may outlive the scope that waits for it.
class Guard final {
 public:
  explicit Guard(std::shared_ptr<Recorded<Down>> downs) : downs_(std::move(downs)) {}
  void handle(const Do& act, Context& context) { act.what(context); }
  void handle(Down down) { downs_->add(std::move(down)); }

 private:
  const std::shared_ptr<Recorded<Down>> downs_;
};

// Returns once the actor has ended.
template <class A>
void wait_for_end(Runtime& runtime, const Ref<A>& target) {
  const auto ends = std::make_shared<Recorded<Down>>();
  const auto guard = runtime.spawn<Guard>(ends);
  guard.send(Do{[target](Context& context) { context.monitor(target); }});
  ends->wait_for(1);
  guard.stop();
}

inline RuntimeOptions with_workers(std::size_t workers) {
  RuntimeOptions options;
  options.workers = workers;
  return options;
}

}  // namespace troupe::actor_test
