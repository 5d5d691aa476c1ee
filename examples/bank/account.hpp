// SPDX-License-Identifier: Apache-2.0
#pragma once

// Account: an actor that crashes now and then, and what it is made anew from: its Journal.

#include <troupe/troupe.hpp>

#include <set>
#include <stdexcept>
#include <tuple>
#include <vector>

namespace bank {

// What an account takes.
struct Change {  // answered by whether there is so much
  long transfer;
  long amount;
};
struct Balance {};

// What a journal takes.
struct Open {};  // by an account that begins
struct Opened {
  long token;
  std::vector<Change> changes;
};
struct Record {
  long token;
  Change change;
};

// What survives: in a real bank, a disk. Takes each Change that its account has agreed to, from the
// account that has opened it last: one that a cut link made be given up may still be there.
class Journal {
 public:
  using Accepts = troupe::Protocol<Opened(Open), void(Record)>;

  explicit Journal(long opening) : changes_{{0, opening}} {}

  Opened handle(Open /*all*/) { return {++token_, changes_}; }
  troupe::Result<void> handle(const Record& record) {
    if (record.token != token_) return troupe::Error::failed("another account has it now");
    changes_.push_back(record.change);
    return {};
  }

 private:
  std::vector<Change> changes_;
  long token_ = 0;
};

class Account {
 public:
  using Accepts = troupe::Protocol<bool(Change), long(Balance)>;
  using Arguments = std::tuple<troupe::Ref<Journal>>;

  explicit Account(troupe::Ref<Journal> journal) : journal_(journal) {}

  // Asked again for what it has done already, as its askers do when it crashed, it only says so.
  bool handle(Change change, troupe::Context& context) {
    recall();
    if (done_.contains(change.transfer)) return true;
    if (balance_ + change.amount < 0) return false;
    crash_now_and_then(context);  // nothing has happened yet
    journal_.ask(Record{token_, change}).value();
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
    if (token_ != 0) return;
    const Opened opened = journal_.ask(Open{}).value();
    for (const Change& change : opened.changes) {
      apply(change);
    }
    token_ = opened.token;
  }
  void apply(const Change& change) {
    balance_ += change.amount;
    done_.insert(change.transfer);
  }
  static void crash_now_and_then(troupe::Context& context) {
    if (context.random() % 64 == 0) throw std::runtime_error{"out of ink"};
  }

  troupe::Ref<Journal> journal_;
  long token_ = 0;
  long balance_ = 0;
  std::set<long> done_;
};

}  // namespace bank
