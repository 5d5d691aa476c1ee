// SPDX-License-Identifier: Apache-2.0
// A bank whose accounts are actors that crash. Tellers move money by asking one account, then
// another; an auditor adds up what there is. With --nodes 3 the accounts are on three nodes, which
// are processes of their own, and each round kills one, which comes again; what an account has
// agreed to is in its journal, which is here. It prints, with other numbers of crashes each time:
//   round 1: 10000 in the accounts, none made, none lost
//   …
//   1000 transfers; 62 crashes; 0 nodes killed

#include "branch.hpp"

#include <chrono>
#include <cstddef>
#include <iostream>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kAccounts = 10;
constexpr long kOpening = 1000;
constexpr long kTellers = 4;
constexpr long kRounds = 5;
constexpr long kTransfers = 50;  // of each teller in each round

struct Work {
  long transfers;
};
struct Audit {};

class Teller {
 public:
  Teller(troupe::Ref<bank::Branch> branch, long number) : branch_(branch), next_(number) {}

  // Answers how many it has made: all of them.
  long handle(Work work, troupe::Context& context) {
    long made = 0;
    while (made < work.transfers) {
      const std::size_t from = context.random() % kAccounts;
      const std::size_t to = (from + 1 + context.random() % (kAccounts - 1)) % kAccounts;
      const long amount = static_cast<long>(context.random() % 300) + 1;
      const long transfer = next_ += kTellers;  // no other has that number
      if (bank::ask_account(branch_, from, bank::Change{transfer, -amount}, context)) {
        bank::ask_account(branch_, to, bank::Change{transfer, amount}, context);
        ++made;
      }
    }
    return made;
  }

 private:
  troupe::Ref<bank::Branch> branch_;
  long next_;
};

class Auditor {
 public:
  explicit Auditor(troupe::Ref<bank::Branch> branch) : branch_(branch) {}

  long handle(Audit /*all*/, troupe::Context& context) {
    long sum = 0;
    for (std::size_t i = 0; i < kAccounts; ++i) {
      sum += bank::ask_account(branch_, i, bank::Balance{}, context);
    }
    return sum;
  }

 private:
  troupe::Ref<bank::Branch> branch_;
};

// A node, in a process of its own.
void keep_accounts(troupe::Runtime& runtime, std::size_t number, const std::string& bank) {
  runtime.offer<bank::Account>();
  const troupe::Address address = runtime.listen("unix:").value();
  const auto branch = runtime.connect(bank).value().find<bank::Branch>("branch").value();
  branch.ask(bank::Join{number, address.text()}, 60s).value();
  runtime.wait_for_stop().value();
}

}  // namespace

int main(int argc, char** argv) {
  troupe::Runtime runtime{argc, argv};
  const std::span<char*> words{argv, static_cast<std::size_t>(argc)};
  const std::size_t nodes =
      argc == 3 && std::string{words[1]} == "--nodes" ? std::stoul(words[2]) : 0;
  const auto branch = runtime.spawn<bank::Branch>(kAccounts, kOpening, nodes);
  runtime.register_name("branch", branch).value();
  const std::string address = runtime.listen("unix:").value().text();
  std::vector<troupe::Process> processes;
  for (std::size_t i = 0; i < nodes; ++i)
    processes.emplace_back(runtime, keep_accounts, i, address);

  const auto auditor = runtime.spawn<Auditor>(branch);
  std::vector<troupe::Ref<Teller>> tellers;
  for (long i = 1; i <= kTellers; ++i)
    tellers.push_back(runtime.spawn<Teller>(branch, i));

  long made = 0;
  std::size_t killed = 0;
  bool conserved = true;
  for (long round = 1; round <= kRounds; ++round) {
    std::vector<troupe::Future<long>> works;
    works.reserve(tellers.size());
    for (const auto& teller : tellers)
      works.push_back(teller.ask_async(Work{kTransfers}, 60s));
    if (nodes > 0) {
      (void)works.front().wait(5ms);  // or less: they are in the middle of it
      const std::size_t victim = killed++ % nodes;
      processes[victim].kill().value();
      processes[victim] = troupe::Process{runtime, keep_accounts, victim, address};
    }
    for (auto& work : works)
      made += work.get().value();
    const long sum = auditor.ask(Audit{}, 60s).value();
    conserved = conserved && sum == kOpening * static_cast<long>(kAccounts);
    std::cout << "round " << round << ": " << sum << " in the accounts, "
              << (conserved ? "none made, none lost" : "which is WRONG") << '\n';
  }
  std::cout << made << " transfers; " << branch.ask(bank::Crashes{}).value() << " crashes; "
            << killed << " nodes killed\n";
  return conserved ? 0 : 1;
}
