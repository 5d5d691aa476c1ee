// SPDX-License-Identifier: Apache-2.0
#pragma once

// Account: an actor that crashes now and then, and what it is made anew from: its Journal.

#include <troupe/troupe.hpp>

#include <set>
#include <stdexcept>
#include <vector>

namespace bank {

// What an account takes.
struct Change {  // answered by whether there is so much
  long transfer;
  long amount;
};
struct Balance {};

// What a journal takes.
struct Read {};

// What survives: in a real bank, a disk. Takes each Change that its account has agreed to.
class Journal {
 public:
  void handle(Change change) { changes_.push_back(change); }
  std::vector<Change> handle(Read /*all*/) const { return changes_; }

 private:
  std::vector<Change> changes_;
};

class Account {
 public:
  explicit Account(troupe::Ref<Journal> journal) : journal_(journal) {}

  // Asked again for what it has done already, as its askers do when it crashed, it only says so.
  bool handle(Change change, troupe::Context& context) {
    recall();
    if (done_.contains(change.transfer)) return true;
    if (balance_ + change.amount < 0) return false;
    crash_now_and_then(context);  // nothing has happened yet
    journal_.ask(change).value();
    crash_now_and_then(context);  // it has happened, and nobody was told
    apply(change);
    return true;
  }
  long handle(Balance /*now*/) {
    recall();
    return balance_;
  }

 private:
  void recall() {
    if (recalled_) return;
    const std::vector<Change> changes = journal_.ask(Read{}).value();
    for (const Change& change : changes) {
      apply(change);
    }
    recalled_ = true;
  }
  void apply(const Change& change) {
    balance_ += change.amount;
    done_.insert(change.transfer);
  }
  static void crash_now_and_then(troupe::Context& context) {
    if (context.random() % 64 == 0) throw std::runtime_error{"out of ink"};
  }

  troupe::Ref<Journal> journal_;
  bool recalled_ = false;
  long balance_ = 0;
  std::set<long> done_;
};

}  // namespace bank
