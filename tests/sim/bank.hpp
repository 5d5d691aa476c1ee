// SPDX-License-Identifier: Apache-2.0
#pragma once

// A bank whose tellers read a balance and then write it: another may have written between. And one
// that asks the account to add, which cannot be torn apart.

#include "troupe/sim/world.hpp"

#include <string>
#include <vector>

namespace troupe::test {

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
// Two asks: what another teller writes between them is lost.
struct HastyTeller {
  Ref<Account> account;
  void handle(Deposit message) const {
    const long before = account.ask(Balance{}).value();
    account.ask(SetBalance{before + message.amount}).value();
  }
};
struct CarefulTeller {
  Ref<Account> account;
  void handle(Deposit message) const { account.ask(Add{message.amount}).value(); }
};

// What is in the account after two tellers put 10 into it, each at some time within 20 ms.
template <class Teller>
long two_deposits(sim::World& world) {
  Runtime& bank = world.node("bank");
  const auto account = bank.spawn<Account>();
  const std::vector tellers{bank.spawn<Teller>(account), bank.spawn<Teller>(account)};
  for (const auto& teller : tellers) {
    teller.send(Deposit{10});
    world.run_for(Duration{static_cast<Duration::rep>(bank.random().next() % 20'000'000)});
  }
  (void)world.run_until_idle();
  return account.ask(Balance{}).value();
}

}  // namespace troupe::test
