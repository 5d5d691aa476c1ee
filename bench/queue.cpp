// SPDX-License-Identifier: Apache-2.0
// How many items a second go through a queue, from producers through its owner to consumers that
// acknowledge them?
//
// Method. The measuring process owns the queue; producers put without pause, consumers loop; each
// is a process of its own, where the scheduler puts it. The figure is what the owner counts as
// finished in the time of a round, after a quarter of it uncounted: nothing counts that is under
// way, or that nobody has acknowledged. An item is {number, text of 52 characters}, 64 bytes
// encoded, or the same with 1012.
//
// The durable ones write each item, and that it is finished, to a directory in /var/tmp before
// anybody hears of it (QueueOptions::durable, without sync); Python's, beside them, do not.
//
// Python: multiprocessing.Queue with as many processes, where get() is all there is: an item that
// was got by a process that dies is gone. Its consumers count.
#include "troupe/runtime/queue/queue.hpp"

#include "peers/python.hpp"
#include "questions.hpp"
#include "started_again.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/runtime.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bench {
namespace {

struct Item {
  std::uint64_t number = 0;
  std::string text;
};

constexpr std::size_t kCapacity = 4096;

void produce(const std::string& at, std::size_t text) {
  auto queue = troupe::Queue<Item>::open(*troupe::Runtime::current(), at).value();
  Item item{kFirstNumber, std::string(text, 'x')};
  while (queue.put(std::as_const(item))) {
    ++item.number;
  }
}

void consume(const std::string& at) {
  auto queue = troupe::Queue<Item>::open(*troupe::Runtime::current(), at).value();
  std::uint64_t sum = 0;
  for (auto& item : queue) {
    sum += item->number;
  }
}

std::string meeting_place(const std::string& scheme) {
  const std::string unique = "bench-" + std::to_string(::getpid());
  if (scheme == "tcp") {
    return "tcp://127.0.0.1:0/items";
  }
  return scheme == "shm" ? "shm://" + unique : "unix:/tmp/troupe-" + unique + ".sock";
}

// Where a durable queue keeps its items, for as long as it is measured.
class StoreDirectory final {
 public:
  StoreDirectory() = default;
  StoreDirectory(const StoreDirectory&) = delete;
  StoreDirectory& operator=(const StoreDirectory&) = delete;
  ~StoreDirectory() { std::filesystem::remove_all(path_); }

  const std::string& path() const noexcept { return path_; }

 private:
  const std::string path_ = "/var/tmp/troupe-bench-queue-" + std::to_string(::getpid());
};

double items_a_second(const QueueUse& use, std::chrono::nanoseconds duration) {
  StartedAgain again;
  troupe::Runtime runtime{again.argc(), again.argv()};
  troupe::QueueOptions options;
  options.capacity = kCapacity;
  const StoreDirectory store;
  if (use.durable) {
    options.durable = store.path();
  }
  auto queue = troupe::Queue<Item>::create(runtime, meeting_place(use.scheme), options).value();
  const std::string at = queue.address().text();
  std::vector<troupe::Process> processes;
  for (int i = 0; i < use.consumers; ++i) {
    processes.emplace_back(runtime, consume, at);
  }
  for (int i = 0; i < use.producers; ++i) {
    processes.emplace_back(runtime, produce, at, use.size - 12);
  }
  while (queue.stats().value().finished == 0) {
    std::this_thread::yield();
  }
  std::this_thread::sleep_for(duration / 4);
  const troupe::Instant begin = runtime.clock().now();
  const std::uint64_t before = queue.stats().value().finished;
  std::this_thread::sleep_for(duration);
  const std::uint64_t after = queue.stats().value().finished;
  const double seconds = std::chrono::duration<double>(runtime.clock().now() - begin).count();
  for (troupe::Process& process : processes) {
    process.kill().value();
  }
  return static_cast<double>(after - before) / seconds / 1e6;
}

std::optional<Budget> budget(const QueueUse& use) {
  if (use.producers != 2 || use.consumers != 2 || use.size != 64 || use.durable) {
    return std::nullopt;
  }
  return Budget{Budget::Bound::at_least,
                use.scheme == "shm"    ? 20.0
                : use.scheme == "unix" ? 10.0
                                       : 7.0,
                "Python"};
}

Work work(const QueueUse& use) {
  return {
      .name = "queue/" + use.name(),
      .unit = "M/s",
      .better = Better::higher,
      .sides = {{Role::ours, "ours",
                 [=](const Effort& effort) { return items_a_second(use, effort.duration); }},
                {Role::peer, "Python",
                 [=](const Effort& effort) { return 1e-6 / python::queue(use, effort.duration); }}},
      .budget = budget(use),
  };
}

}  // namespace

std::string QueueUse::name() const {
  return std::to_string(producers) + "x" + std::to_string(consumers) + "/" + size_text(size) + "/" +
         scheme + (durable ? "/durable" : "");
}

Question queues() {
  Question question{
      "Items through a queue, acknowledged: producers x consumers, each a process",
      "ours: put, and range-for, through the owner's process; Python: multiprocessing.Queue, get",
      {}};
  for (const char* const scheme : {"shm", "unix", "tcp"}) {
    for (const auto& [producers, consumers] : {std::pair{1, 1}, {2, 2}, {4, 1}, {1, 4}}) {
      question.works.push_back(work({scheme, producers, consumers, 64}));
    }
    question.works.push_back(work({scheme, 2, 2, 1024}));
  }
  for (const char* const scheme : {"shm", "unix"}) {
    question.works.push_back(work({scheme, 2, 2, 64, true}));
  }
  return question;
}

}  // namespace bench
