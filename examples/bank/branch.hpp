// SPDX-License-Identifier: Apache-2.0
#pragma once

// Branch: opens the accounts, here or on the nodes that have joined, and each that has crashed, or
// whose node is gone, anew, on its old journal. The journals are here.

#include "account.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace bank {

struct Where {
  std::size_t account;
};
struct Crashes {};
struct Join {  // by a node that has come, or has come again
  std::size_t number;
  std::string address;
};

class Branch {
 public:
  using Accepts = troupe::Protocol<troupe::Ref<Account>(Where), void(Join), long(Crashes)>;

  // Without nodes the accounts are here.
  Branch(std::size_t accounts, long opening, std::size_t nodes)
      : accounts_(accounts), opening_(opening), nodes_(nodes) {}

  void started(troupe::Context& context) {
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
      accounts_[i].first = context.spawn<Journal>(opening_);
      if (nodes_.empty()) open(i, context);
    }
  }
  troupe::Ref<Account> handle(Where where) const { return accounts_.at(where.account).second; }
  void handle(const Join& join, troupe::Context& context) {
    nodes_.at(join.number) = context.runtime().connect(join.address).value();
    for (std::size_t i = join.number; i < accounts_.size(); i += nodes_.size()) {
      open(i, context);
    }
  }
  void handle(const troupe::Down& down, troupe::Context& context) {
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
      if (accounts_[i].second.id() == down.target) {
        ++crashes_;
        open(i, context);
      }
    }
  }
  long handle(Crashes /*so far*/) const { return crashes_; }

 private:
  void open(std::size_t i, troupe::Context& context) {
    auto& [journal, account] = accounts_[i];
    if (nodes_.empty()) {
      account = context.spawn<Account>(journal);
    } else {
      const auto there = nodes_[i % nodes_.size()].spawn<Account>(journal);
      account = there ? *there : troupe::Ref<Account>{};
      if (!there) return;  // its node is gone; it will join again
    }
    context.monitor(account);
  }

  std::vector<std::pair<troupe::Ref<Journal>, troupe::Ref<Account>>> accounts_;
  const long opening_;
  std::vector<troupe::Node> nodes_;
  long crashes_ = 0;
};

// Asks the account until it answers: one that crashed is another actor the next time.
template <class M>
troupe::Reply<Account, M> ask_account(const troupe::Ref<Branch>& branch, std::size_t number,
                                      M message, troupe::Context& context) {
  for (;;) {
    const troupe::Ref<Account> account = branch.ask(Where{number}).value();
    if (const auto answer = account.ask(message); answer.has_value()) return *answer;
    context.sleep(std::chrono::milliseconds{1}).value();
  }
}

}  // namespace bank
