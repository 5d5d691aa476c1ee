// SPDX-License-Identifier: Apache-2.0
#include "busy.hpp"

#include "troupe/sim/world.hpp"

#include <chrono>
#include <vector>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

struct Tick {};
struct Work {
  std::string text;
};
struct Worker {
  std::size_t handle(Work work, Context& context) {
    (void)context.sleep(Duration{static_cast<Duration::rep>(context.random() % 3'000'000)});
    if (context.random() % 8 == 0) {
      context.log("tired of " + work.text);
      context.stop();
    }
    return work.text.size();
  }
};
struct Boss {
  std::vector<Ref<Worker>> workers;
  int ticks = 0;

  void started(Context& context) {
    for (int i = 0; i < 3; ++i) {
      hire(context);
    }
    context.every(*this, 4ms, Tick{});
  }
  void hire(Context& context) {
    workers.push_back(context.spawn<Worker>());
    context.monitor(workers.back());
  }
  void handle(Down /*down*/, Context& context) { hire(context); }
  void handle(Tick /*tick*/, Context& context) {
    const auto& worker = workers[context.random() % workers.size()];
    worker.send(Work{"sent"});
    const auto asked = worker.ask(Work{"asked"}, 6ms);
    context.log(asked ? "answered" : asked.error().what());
  }
};

}  // namespace

std::string busy_trace(std::uint64_t seed) {
  sim::World world{seed};
  const auto boss = world.node("left").spawn<Boss>();
  world.node("right").spawn_with<Boss>({.name = "boss"});
  world.run_for(20ms);
  world.kill(boss);
  world.run_for(10ms);
  world.restart("right").spawn<Boss>();
  world.cut("left", "right");
  world.run_for(10ms);
  return world.trace();
}

}  // namespace troupe::test
