// SPDX-License-Identifier: Apache-2.0
// Actors that wait in known functions, for tests/tools/gdb/gdb_test.py: main calls all_wait() once
// they do.
#include "troupe/troupe.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

namespace bank {

struct Withdraw {
  int amount = 0;
};
struct Doze {};
struct Look {};

std::atomic<int> dozing{0};

// Not inlined, and not left by a jump: they are to be seen.
[[gnu::noinline]] int doze_at_the_desk(troupe::Context& context, int depth) {
  if (depth > 0) return doze_at_the_desk(context, depth - 1) + 1;
  ++dozing;
  return context.sleep(std::chrono::hours{1}) ? 1 : 0;
}

class Vault final {
 public:
  int handle(Look /*look*/) { return 1; }
  void handle(Doze /*doze*/, troupe::Context& context) { sum_ += doze_at_the_desk(context, 3); }
  int handle(Withdraw withdraw) { return withdraw.amount; }

 private:
  int sum_ = 0;
};

class Teller final {
 public:
  explicit Teller(troupe::Ref<Vault> vault) : vault_(vault) {}
  int handle(Withdraw withdraw) { return ask_the_vault(withdraw) + 1; }

 private:
  [[gnu::noinline]] int ask_the_vault(Withdraw withdraw) {
    return vault_.ask(withdraw, std::chrono::hours{1}).value_or(0);
  }

  troupe::Ref<Vault> vault_;
};

}  // namespace bank

extern "C" [[gnu::noinline]] void all_wait() {
  std::puts("all wait");
  std::fflush(stdout);
  asm volatile("" ::: "memory");
}

int main() {
  troupe::Runtime runtime{troupe::RuntimeOptions{.workers = 1, .stop_grace = troupe::Duration{}}};
  troupe::ActorOptions named;
  named.name = "vault of gold";
  const auto vault = runtime.spawn_with<bank::Vault>(named);
  named.name = "teller";
  const auto teller = runtime.spawn_with<bank::Teller>(named, vault);
  const auto idle = runtime.spawn<bank::Vault>();
  (void)idle.ask(bank::Look{}).value();
  vault.send(bank::Doze{});
  teller.send(bank::Withdraw{5});
  const auto are = [&](const char* state, int wanted) {
    int found = 0;
    for (const auto& actor : runtime.stats().actors)
      found += actor.state == state ? 1 : 0;
    return found == wanted;
  };
  while (bank::dozing == 0 || !are("waiting", 2))
    std::this_thread::yield();
  // The worker has left both of their stacks when it has run somebody else since.
  (void)idle.ask(bank::Look{}).value();
  while (!are("idle", 1))  // its answer comes before its handler's end
    std::this_thread::yield();
  all_wait();
  std::_Exit(0);
}
