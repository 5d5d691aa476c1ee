// SPDX-License-Identifier: Apache-2.0
// A program to be looked at from outside; its argument says what it does. It says "ready" when that
// can be seen, and ends with its input.
#include "node/crowd.hpp"
#include "node/ledger.hpp"
#include "node/talker.hpp"
#include "troupe/troupe.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>

namespace bank {

struct Withdraw {
  int amount = 0;
};
struct Count {};
struct Who {};

std::atomic<int> begun{0};

// Has its worker for itself.
class Stuck final {
 public:
  void handle(Count /*count*/) {
    ++begun;
    never_.acquire();
  }

 private:
  std::counting_semaphore<1> never_{0};
};

class Vault final {
 public:
  int handle(Withdraw withdraw, troupe::Context& context) {
    ++begun;
    (void)context.sleep(std::chrono::hours{1});
    return withdraw.amount;
  }
};

class Teller final {
 public:
  explicit Teller(troupe::Ref<Vault> vault) : vault_(vault) {}
  int handle(Withdraw withdraw) { return vault_.ask(withdraw, std::chrono::hours{1}).value_or(0); }

 private:
  troupe::Ref<Vault> vault_;
};

class Branch final {
 public:
  using Accepts = troupe::Protocol<int(Who)>;
  int handle(Who /*who*/) { return static_cast<int>(::getpid()); }
};

}  // namespace bank

namespace {

void say(const std::string& line) {
  std::cout << line << std::endl;
}

void wait_for_end_of_input() {
  for (std::string line; std::getline(std::cin, line);) {
  }
}

template <class Condition>
void wait_until(const Condition& condition) {
  while (!condition()) {
    std::this_thread::yield();
  }
}

// Nothing that is told to stop does.
[[noreturn]] void leave() {
  std::_Exit(0);
}

void stuck(troupe::Runtime& runtime) {
  say("metrics " + runtime.metrics_address().text());
  for (int i = 0; i < 2; ++i) {
    (void)runtime.spawn<bank::Stuck>().send(bank::Count{});
  }
  wait_until([] { return bank::begun == 2; });
}

void chain(troupe::Runtime& runtime) {
  const auto vault = runtime.spawn_with<bank::Vault>({.name = "gold"});
  const auto teller = runtime.spawn_with<bank::Teller>({.name = "anna"}, vault);
  (void)teller.send(bank::Withdraw{5});
  wait_until([] { return bank::begun == 1; });
  for (int i = 0; i < 3; ++i) {
    (void)teller.send(bank::Withdraw{i});
  }
}

// Names that a terminal would obey, or that leave no room for anything else.
void odd_names(troupe::Runtime& runtime) {
  for (const std::string& name :
       {"red \x1b[31m\n\xff" + std::string(20, 'x'), "long " + std::string(100'000, 'y')}) {
    (void)runtime.spawn_with<bank::Vault>({.name = name}).send(bank::Withdraw{});
  }
  wait_until([] { return bank::begun == 2; });
}

// Talks to the ledger at `there` until the input ends.
int talk(troupe::Runtime& runtime, const troupe::Address& there) {
  ledger::Tally tally{say};
  const auto talker = runtime.spawn<ledger::Talker>(&tally, there);
  wait_for_end_of_input();
  (void)talker.send(ledger::Rest{});
  say("rests");
  tally.await_ends();
  (void)runtime.stop(std::chrono::seconds{5});
  say("wrong: " + tally.wrong());
  return tally.wrong().empty() ? 0 : 1;
}

// So many nodes, with a worker each, that lose the ledger and find it again.
int crowd(const troupe::RuntimeOptions& options, const troupe::Address& there, int count) {
  ledger::Crowd members{static_cast<std::size_t>(count), there, options};
  say("all are linked");
  const auto times = members.await_return([] { say("all are lost"); });
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  say("the last after " + std::to_string(duration_cast<milliseconds>(times.back()).count()) +
      " ms");
  say("at most " + std::to_string(ledger::most_within(times, milliseconds{100})) + " in 100 ms");
  leave();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view role = argc > 1 ? argv[1] : "";
  troupe::RuntimeOptions options;
  options.workers = 2;
  if (role == "ledger" || role == "talk" || role == "crowd") {
    options.detection = std::chrono::milliseconds{argc > 3 ? std::atoi(argv[3]) : 300};
  }
  if (role == "stuck" || role == "tree") options.metrics = "tcp://127.0.0.1:0";
  if (role == "crowd") {
    options.workers = 1;
    return crowd(options, troupe::Address{argv[2]}, std::atoi(argv[4]));
  }
  troupe::Runtime runtime{argc, argv, options};
  if (role == "talk") return talk(runtime, troupe::Address{argv[2]});
  std::optional<troupe::Ref<bank::Branch>> branch;
  std::optional<troupe::Ref<ledger::Ledger>> ledger;
  if (role == "stuck") {
    stuck(runtime);
  } else if (role == "chain") {
    chain(runtime);
  } else if (role == "odd_names") {
    odd_names(runtime);
  } else if (role == "tree") {
    branch = runtime.spawn_process<bank::Branch>().value();
    say("child " + std::to_string(branch->ask(bank::Who{}, std::chrono::minutes{10}).value()));
  } else if (role == "node") {
    branch = runtime.spawn_with<bank::Branch>({.name = "branch"});
    (void)runtime.register_name("branch", *branch);
    troupe::ConnectOptions keyed;
    if (argc > 3) keyed.key = troupe::AuthKey::from_file(argv[3]).value();
    say(runtime.listen(troupe::Address{argv[2]}, keyed).value().text());
  } else if (role == "ledger") {
    ledger = runtime.spawn<ledger::Ledger>(runtime.random().next());
    (void)runtime.register_name("ledger", *ledger);
    say(runtime.listen(troupe::Address{argv[2]}).value().text());
  } else if (role == "embedded") {
    // Beside the other; it would not be seen if it did not say so.
    static troupe::Runtime silent{troupe::RuntimeOptions{}};
    static troupe::Runtime open{
        troupe::RuntimeOptions{.name = "open", .inspect = troupe::Inspect::on}};
    (void)silent.spawn<bank::Branch>().ask(bank::Who{}).value();
  }
  say("ready");
  wait_for_end_of_input();
  if (role != "tree" && role != "idle") leave();
}
