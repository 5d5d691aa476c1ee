// SPDX-License-Identifier: Apache-2.0
// Finds a lost update in a simulated bank. Two tellers put 10 each into one account; the hasty kind
// asks for the balance and then sets it, so that what the other does in between is lost. Seed after
// seed runs in another order and with other delays, until one shows it; the same seed shows it
// again, step by step. Then the mended teller, whom no seed troubles.
//
// Run it without arguments; TROUPE_SEED=n runs that seed only. It prints the seed, the last events
// of its trace, that a second run was the same, and "1000 seeds: 20 each".

#include <troupe/sim/world.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

namespace {

struct Balance {};
struct SetBalance {
  long to;
};
struct Add {
  long amount;
};
struct Account {
  long balance = 0;
  long handle(Balance) const { return balance; }
  void handle(SetBalance message) { balance = message.to; }
  long handle(Add message) { return balance += message.amount; }
};

struct Deposit {
  long amount;
};
struct HastyTeller {
  troupe::Ref<Account> account;
  void handle(Deposit deposit) const {
    const long before = account.ask(Balance{}).value();
    account.ask(SetBalance{before + deposit.amount}).value();  // and if it is no longer so?
  }
};
struct CarefulTeller {
  troupe::Ref<Account> account;
  void handle(Deposit deposit) const { account.ask(Add{deposit.amount}).value(); }
};

// What the account has in the end.
template <class Teller>
long two_deposits(troupe::sim::World& world) {
  troupe::Runtime& bank = world.node("bank");
  const auto account = bank.spawn<Account>();
  bank.spawn<Teller>(account).send(Deposit{10});
  world.run_for(8ms);  // the second customer comes a little later
  bank.spawn<Teller>(account).send(Deposit{10});
  world.run_until_idle();
  return account.ask(Balance{}).value();
}

}  // namespace

int main(int argc, char** argv) {
  const troupe::Runtime runtime{argc, argv};

  std::uint64_t found = 0;
  std::string trace;
  troupe::sim::for_each_seed(10'000, [&](std::uint64_t seed) {
    if (found == 0) {
      troupe::sim::World world{seed};
      if (const long money = two_deposits<HastyTeller>(world); money != 20) {
        found = seed;
        trace = world.trace();
        std::cout << "seed " << seed << ": " << money << " of 20 are there\n" << world.trace(12);
      }
    }
  });
  if (found == 0) {
    std::cout << "not found\n";
    return 1;
  }

  troupe::sim::World again{found};
  two_deposits<HastyTeller>(again);
  std::cout << "again: " << (again.trace() == trace ? "the same" : "something else") << '\n';

  troupe::sim::for_each_seed(1000, [](troupe::sim::World& world) {
    return two_deposits<CarefulTeller>(world) == 20;  // where it is not, this throws and says so
  });
  std::cout << "1000 seeds: 20 each\n";
  return 0;
}
