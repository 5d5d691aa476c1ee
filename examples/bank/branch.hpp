// SPDX-License-Identifier: Apache-2.0
#pragma once

// Branch: opens the accounts, and each that has crashed anew, on its old journal.

#include "account.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace bank {

struct Where {
  std::size_t account;
};
struct Crashes {};

class Branch {
 public:
  Branch(std::size_t accounts, long opening) : accounts_(accounts), opening_(opening) {}

  void started(troupe::Context& context) {
    for (auto& [journal, account] : accounts_) {
      journal = context.spawn<Journal>();
      journal.send(Change{0, opening_});
      open(account, journal, context);
    }
  }
  troupe::Ref<Account> handle(Where where) const { return accounts_.at(where.account).second; }
  void handle(const troupe::Down& down, troupe::Context& context) {
    for (auto& [journal, account] : accounts_) {
      if (account.id() == down.target) {
        ++crashes_;
        open(account, journal, context);
      }
    }
  }
  long handle(Crashes /*so far*/) const { return crashes_; }

 private:
  static void open(troupe::Ref<Account>& account, const troupe::Ref<Journal>& journal,
                   troupe::Context& context) {
    account = context.spawn<Account>(journal);
    context.monitor(account);
  }

  std::vector<std::pair<troupe::Ref<Journal>, troupe::Ref<Account>>> accounts_;
  const long opening_;
  long crashes_ = 0;
};

// Asks the account until it answers: one that crashed is another actor the next time.
template <class M>
troupe::Reply<Account, M> ask_account(const troupe::Ref<Branch>& branch, std::size_t number,
                                      M message) {
  for (;;) {
    const troupe::Ref<Account> account = branch.ask(Where{number}).value();
    if (const auto answer = account.ask(message); answer.has_value()) return *answer;
  }
}

}  // namespace bank
