// SPDX-License-Identifier: Apache-2.0
#include "our_queue.hpp"

#include "queue_run.hpp"
#include "started_again.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/runtime.hpp"

#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <utility>
#include <vector>

namespace bench {
namespace {

using Queue = troupe::Queue<QueueItem>;

Queue open(const std::string& at, const std::string& server_key) {
  troupe::ConnectOptions options;
  options.curve.server_key = server_key;
  return Queue::open(*troupe::Runtime::current(), at, std::chrono::seconds{10}, options).value();
}

void produce(const std::string& at, const std::string& server_key, std::size_t text) {
  auto queue = open(at, server_key);
  QueueItem item{kFirstNumber, std::string(text, 'x')};
  while (queue.put(std::as_const(item))) {
    ++item.number;
  }
}

void expect_number(const QueueItem& item) {
  if (item.number < kFirstNumber) throw std::runtime_error{"an item without its number"};
}

void consume(const std::string& at, const std::string& server_key) {
  auto queue = open(at, server_key);
  for (auto& item : queue) {
    expect_number(*item);
  }
}

void consume_by_get(const std::string& at, const std::string& server_key) {
  auto queue = open(at, server_key);
  while (const auto item = queue.get()) {
    expect_number(*item);
  }
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

}  // namespace

std::string queue_address(const std::string& scheme) {
  const std::string unique = "bench-" + std::to_string(::getpid());
  if (scheme.ends_with("tcp")) {
    return scheme + "://127.0.0.1:0/items";
  }
  return scheme == "shm" ? "shm://" + unique : scheme + ":/tmp/troupe-" + unique + ".sock";
}

double our_items_a_second(const QueueUse& use, std::chrono::nanoseconds duration,
                          const troupe::ConnectOptions& of_owner, const std::string& server_key) {
  StartedAgain again;
  troupe::Runtime runtime{again.argc(), again.argv()};
  troupe::QueueOptions options;
  options.capacity = kQueueCapacity;
  options.connect = of_owner;
  const StoreDirectory store;
  if (use.durable) {
    options.durable = store.path();
  }
  auto queue = Queue::create(runtime, queue_address(use.scheme), options).value();
  const std::string at = queue.address().text();
  std::vector<troupe::Process> processes;
  processes.reserve(static_cast<std::size_t>(use.consumers + use.producers));
  for (int i = 0; i < use.consumers; ++i) {
    processes.emplace_back(runtime, use.finish == Finish::taken ? consume_by_get : consume, at,
                           server_key);
  }
  for (int i = 0; i < use.producers; ++i) {
    processes.emplace_back(runtime, produce, at, server_key, use.size - kQueueItemHead);
  }
  const double a_second =
      finished_a_second([&] { return queue.stats().value().finished; }, duration);
  for (troupe::Process& process : processes) {
    process.kill().value();
  }
  return a_second;
}

}  // namespace bench
