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
// In the works whose names end with get, consumers call get(), which finishes an item as it is
// taken: it is lost with a consumer that dies.
//
// The peers have as many processes, and their consumers count. Python: multiprocessing.Queue, where
// get() is all there is. Redis: a list, with LMOVE and LREM to acknowledge, or RPOP. beanstalkd:
// reserve and delete. ZeroMQ: PUSH and PULL, where all is lost with a consumer that was under way
// to it or not done. Their sources say more. A peer's socket is of the kind that ours is, a Unix
// one beside shm.
#include "our_queue.hpp"
#include "peers/beanstalkd.hpp"
#include "peers/python.hpp"
#include "peers/redis_queue.hpp"
#include "peers/zeromq_queue.hpp"
#include "questions.hpp"
#include "queue_run.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bench {
namespace {

constexpr double kMillions = 1e-6;  // of one

std::optional<Budget> budget(const QueueUse& use) {
  if (use.producers != 2 || use.consumers != 2 || use.size != 64 || use.finish == Finish::taken ||
      use.durable) {
    return std::nullopt;
  }
  return Budget{Budget::Bound::at_least,
                use.scheme == "shm"    ? 20.0
                : use.scheme == "unix" ? 10.0
                                       : 7.0,
                "Python"};
}

using Peer = double (*)(const QueueUse& use, std::chrono::nanoseconds duration);

Side peer(const std::string& name, const QueueUse& use, Peer items_a_second) {
  return {Role::peer, name,
          [=](const Effort& effort) { return items_a_second(use, effort.duration) * kMillions; }};
}

double python_items_a_second(const QueueUse& use, std::chrono::nanoseconds duration) {
  return 1 / python::queue(use, duration);
}

Work work(const QueueUse& use) {
  std::vector<Side> sides{
      {Role::ours, "ours",
       [=](const Effort& effort) { return our_items_a_second(use, effort.duration) * kMillions; }},
      peer("Python", use, &python_items_a_second),
      peer("Redis", use, &redis::items_a_second),
  };
  if (use.finish == Finish::acknowledged) {
    sides.push_back(peer("beanstalkd", use, &beanstalkd::items_a_second));
  }
  sides.push_back(peer("ZeroMQ, loses", use, &zeromq::items_a_second));
  return {
      .name = "queue/" + use.name(),
      .unit = "M/s",
      .better = Better::higher,
      .sides = std::move(sides),
      .budget = budget(use),
  };
}

std::vector<Work> works(Finish finish) {
  std::vector<Work> all;
  for (const char* const scheme : {"shm", "unix", "tcp"}) {
    for (const std::size_t size : {64U, 1024U}) {
      for (const auto& [producers, consumers] : {std::pair{1, 1}, {2, 2}, {4, 1}, {1, 4}}) {
        all.push_back(work({scheme, producers, consumers, size, finish}));
      }
    }
  }
  if (finish == Finish::acknowledged) {
    for (const char* const scheme : {"shm", "unix"}) {
      all.push_back(work({scheme, 2, 2, 64, finish, true}));
    }
  }
  return all;
}

}  // namespace

std::string QueueUse::name() const {
  return std::to_string(producers) + "x" + std::to_string(consumers) + "/" + size_text(size) + "/" +
         scheme + (finish == Finish::taken ? "/get" : "") + (durable ? "/durable" : "");
}

Question queues() {
  return {
      "Items through a queue, acknowledged: producers x consumers, each a process",
      "ours: put, and range-for, through the owner's process; Redis: LMOVE, LREM, 64 a pipeline\n"
      "beanstalkd: reserve, delete; Python: Queue, get, and ZeroMQ: PUSH, PULL, which both lose",
      works(Finish::acknowledged),
  };
}

Question queue_gets() {
  return {
      "Items through a queue, finished when they are taken: producers x consumers",
      "ours: put, get, through the owner's process; Python: Queue, get; Redis: RPOP, 64 a "
      "pipeline\n"
      "ZeroMQ: PUSH, PULL, from process to process; a consumer that dies has lost what it took",
      works(Finish::taken),
  };
}

}  // namespace bench
