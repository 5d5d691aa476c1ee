// SPDX-License-Identifier: Apache-2.0
// How long is an item on its way through a queue, and how soon has somebody else the item of a
// consumer that was killed?
//
// Method. latency: a process puts an item of 64 bytes that says when, after the measuring process,
// which is the consumer, has told it to by a byte in a pipe; the figure is the time from before the
// put until the consumer has the item, which it then finishes. There is never another item, so the
// consumer waits for it, and whoever is between them. A thousand items at least, after a hundred
// uncounted: their median, or their 99th percentile.
//
// redelivery: another process takes an item and is killed by SIGKILL; the figure is the time from
// before the kill until the measuring process, which waits for an item from then on, has it. The
// median of ten at least.
//
// Our queue has an owner in a process of its own, as the peers' servers are; their sources say how
// they are used. Python: multiprocessing.Queue; ZeroMQ: PUSH to PULL, with nobody between. Of the
// peers only beanstalkd gives back what a dead consumer had.
#include "fresh_process.hpp"
#include "our_queue.hpp"
#include "peers/beanstalkd.hpp"
#include "peers/python.hpp"
#include "peers/redis_queue.hpp"
#include "peers/zeromq_queue.hpp"
#include "questions.hpp"
#include "queue_run.hpp"
#include "started_again.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/runtime.hpp"

#include <unistd.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace bench {
namespace {

constexpr double kMicroseconds = 1e6;  // in a second

using Queue = troupe::Queue<QueueItem>;
using Delivery = troupe::Delivery<QueueItem>;

void own_queue(const std::string& scheme, const FoundPartner::Tell& tell) {
  troupe::Runtime runtime{troupe::RuntimeOptions{}};
  const auto queue = Queue::create(runtime, queue_address(scheme)).value();
  tell(queue.address().text());
}

// This process's use of a queue that another one owns.
struct Client {
  explicit Client(const std::string& at) : queue(Queue::open(runtime, at).value()) {}

  troupe::Runtime runtime{troupe::RuntimeOptions{}};
  Queue queue;
};

double our_put_to_take(const std::string& scheme, Quantile which,
                       std::chrono::nanoseconds duration) {
  const FoundPartner owner{[&](const FoundPartner::Tell& tell) { own_queue(scheme, tell); }};
  std::unique_ptr<Client> client;
  std::optional<Delivery> delivery;
  const LoneItem item{
      .producer =
          [&] {
            return [own = std::make_shared<Client>(owner.where())](std::uint64_t number) {
              own->queue.put({number, std::string(kLoneItemBytes - kQueueItemHead, 'x')}).value();
            };
          },
      .consumer =
          [&] {
            client = std::make_unique<Client>(owner.where());
            return Taker{.take =
                             [&] {
                               delivery.emplace(client->queue.take().value());
                               return (*delivery)->number;
                             },
                         .finish = [&] { delivery->ack().value(); }};
          }};
  const double seconds = put_to_take(item, which, duration);
  delivery.reset();
  return seconds;
}

void hold(const std::string& at) {
  const auto queue = Queue::open(*troupe::Runtime::current(), at).value();
  const auto held = queue.take().value();
  for (;;) {
    ::pause();
  }
}

double our_kill_to_redelivery(const std::string& scheme, std::chrono::nanoseconds duration) {
  const FoundPartner owner{[&](const FoundPartner::Tell& tell) { own_queue(scheme, tell); }};
  StartedAgain again;
  troupe::Runtime runtime{again.argc(), again.argv()};
  const auto queue = Queue::open(runtime, owner.where()).value();
  return median_within(duration, [&] {
    queue.put({kFirstNumber, std::string(kLoneItemBytes - kQueueItemHead, 'x')}).value();
    troupe::Process holder{runtime, hold, owner.where()};
    while (queue.stats().value().in_work == 0) {
      std::this_thread::yield();
    }
    const auto killed = std::chrono::steady_clock::now();
    holder.kill().value();
    auto delivery = queue.take().value();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - killed;
    delivery.ack().value();
    return seconds.count();
  });
}

// `seconds` as a side whose figure is microseconds.
Side side(Role role, const std::string& name,
          std::function<double(std::chrono::nanoseconds duration)> seconds) {
  return {role, name, [seconds = std::move(seconds)](const Effort& effort) {
            return seconds(effort.duration) * kMicroseconds;
          }};
}

Side latency_side(Role role, const std::string& name, const std::string& scheme, Quantile which,
                  double (*seconds)(const std::string& scheme, Quantile which,
                                    std::chrono::nanoseconds duration)) {
  return side(role, name,
              [=](std::chrono::nanoseconds duration) { return seconds(scheme, which, duration); });
}

Work latency(const std::string& scheme, Quantile which) {
  return {
      .name =
          std::string{"queue/latency/"} + (which == Quantile::median ? "median/" : "p99/") + scheme,
      .unit = "us",
      .better = Better::lower,
      .sides = {latency_side(Role::ours, "ours", scheme, which, &our_put_to_take),
                side(Role::peer, "Python",
                     [=](std::chrono::nanoseconds duration) {
                       return python::put_to_take(which, duration);
                     }),
                latency_side(Role::peer, "Redis", scheme, which, &redis::put_to_take),
                latency_side(Role::peer, "beanstalkd", scheme, which, &beanstalkd::put_to_take),
                latency_side(Role::peer, "ZeroMQ, loses", scheme, which, &zeromq::put_to_take)},
      .budget = std::nullopt,
  };
}

Work redelivery(const std::string& scheme) {
  return {
      .name = "queue/redelivery/" + scheme,
      .unit = "us",
      .better = Better::lower,
      .sides = {side(Role::ours, "ours",
                     [=](std::chrono::nanoseconds duration) {
                       return our_kill_to_redelivery(scheme, duration);
                     }),
                side(Role::peer, "beanstalkd",
                     [=](std::chrono::nanoseconds duration) {
                       return beanstalkd::kill_to_redelivery(scheme, duration);
                     })},
      .budget = std::nullopt,
  };
}

}  // namespace

Question queue_latency() {
  Question question{
      "An item through an empty queue, from its put to its taking",
      "the consumer waits for it; producer, consumer and what is between are processes\n"
      "of a thousand items at least, the median or the 99th percentile",
      {}};
  for (const Quantile which : {Quantile::median, Quantile::p99}) {
    for (const char* const scheme : {"shm", "unix", "tcp"}) {
      question.works.push_back(latency(scheme, which));
    }
  }
  return question;
}

Question queue_redelivery() {
  Question question{"The item of a consumer that is killed, until another one has it",
                    "from before SIGKILL; Redis, ZeroMQ and Python's Queue do not give it back",
                    {}};
  for (const char* const scheme : {"shm", "unix", "tcp"}) {
    question.works.push_back(redelivery(scheme));
  }
  return question;
}

}  // namespace bench
