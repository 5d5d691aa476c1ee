// SPDX-License-Identifier: Apache-2.0
// How a QueueClient comes about, finds its owner, and ends.
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/internal/caller.hpp"
#include "troupe/runtime/queue/internal/owner.hpp"
#include "troupe/runtime/queue/internal/redial.hpp"
#include "troupe/runtime/queue/internal/registry.hpp"
#include "troupe/runtime/queue/queue_client.hpp"

#include <algorithm>
#include <utility>

namespace troupe::queue {
namespace {

// How long the last handle of a queue waits for the owner to have what was put.
constexpr Duration kLastFlush = std::chrono::seconds{5};
// A queue that is to be opened is looked for again after so long; more each time.
constexpr Duration kFirstLook = std::chrono::milliseconds{5};
constexpr Duration kLastLook = std::chrono::milliseconds{200};

}  // namespace

std::shared_ptr<QueueClient> QueueClient::anonymous(RuntimeCore& runtime, const Schema& schema,
                                                    const QueueOptions& options) {
  auto owner = runtime.queues()->make("", schema, options);
  return std::make_shared<QueueClient>(runtime, Place{}, schema, ConnectOptions{},
                                       std::move(owner));
}

Result<std::shared_ptr<QueueClient>> QueueClient::create(RuntimeCore& runtime,
                                                         const Address& address,
                                                         const Schema& schema,
                                                         const QueueOptions& options) {
  const std::string doing = "create the queue " + address.text();
  try {
    auto made = runtime.queues()->make_at(address, schema, options);
    if (!made) {
      return made.error().within(doing);
    }
    auto client = std::make_shared<QueueClient>(runtime, std::move(made->place), schema,
                                                options.connect, std::move(made->owner));
    return client;
  } catch (const Error& error) {
    return error.within(doing);
  }
}

Result<std::shared_ptr<QueueClient>> QueueClient::open(RuntimeCore& runtime, const Address& address,
                                                       const Schema& schema,
                                                       const ConnectOptions& options, bool dead,
                                                       Deadline until) {
  const std::string doing = "open the queue " + address.text();
  auto place = Registry::place_of(address);
  if (!place) {
    return place.error().within(doing);
  }
  place->dead = dead;
  auto client = std::make_shared<QueueClient>(runtime, *std::move(place), schema, options, nullptr);
  if (auto connected = client->connect(until); !connected) {
    return connected.error().within(doing);
  }
  return client;
}

std::shared_ptr<QueueClient> QueueClient::at(RuntimeCore& runtime, Place place,
                                             const Schema& schema) {
  return std::make_shared<QueueClient>(runtime, std::move(place), schema, ConnectOptions{},
                                       nullptr);
}

QueueClient::QueueClient(RuntimeCore& runtime, Place place, Schema schema, ConnectOptions options,
                         std::shared_ptr<Owner> owner)
    : runtime_(runtime),
      caller_(std::make_shared<Caller>(runtime, std::move(place), std::move(schema),
                                       std::move(options), std::move(owner))),
      id_(caller_->may_break() ? runtime.random().next() | 1U : 0) {}

QueueClient::~QueueClient() {
  (void)settle_puts(Deadline{kLastFlush});
  Lock lock{lock_};
  if (redial_ != nullptr && !sent_.empty()) {
    (void)mend(lock, Deadline{kLastFlush});
  }
  if (connected_ && !failure_) {
    if (!held_.empty()) {
      (void)settle_held(lock, Deadline{kLastFlush});
    }
    (void)send_acks(lock);
    Encoded frame;
    Writer writer{frame};
    begin(writer, Frame::bye);
    (void)send(lock, frame, Deadline{kLastFlush});
  }
  if (redial_ != nullptr) {
    redial_->give_up();
  }
  lock.unlock();
  connection_.close();
  if (caller_->owner() != nullptr && !caller_->place().dead) {
    caller_->owner()->let_go();
  }
}

Result<Place> QueueClient::place() {
  if (caller_->owner() == nullptr) {
    return caller_->place();
  }
  auto local = runtime_.queues()->local_place(caller_->owner());
  if (!local) {
    return local.error();
  }
  Place place = caller_->place();
  place.local = local->local;
  place.host = local->host;
  place.object = local->object;
  return place;
}

Result<std::shared_ptr<QueueClient>> QueueClient::dead_letters(const Schema& schema,
                                                               Deadline until) {
  Place place = caller_->place();
  place.dead = true;
  auto client = std::make_shared<QueueClient>(runtime_, std::move(place), schema,
                                              caller_->options(), caller_->owner());
  if (auto connected = client->connect(until); !connected) {
    return connected.error().within("open the " + client->text());
  }
  return client;
}

std::string QueueClient::address() const {
  return caller_->place().url;
}

std::string QueueClient::text() const {
  const Place& place = caller_->place();
  const std::string name = !place.url.empty()     ? place.url
                           : !place.local.empty() ? place.local
                                                  : "without an address";
  return (place.dead ? "dead letters of queue " : "queue ") + name;
}

// Without lock_; by who has receiving_, or before anybody else has this.
Result<void> QueueClient::connect(Deadline until) {
  Duration pause = kFirstLook;
  for (;;) {
    auto called = caller_->call(id_, {}, until);
    if (called) {
      const Welcome& welcome = called->welcome;
      auto process = std::make_shared<const UniqueFd>(
          id_ != 0 ? process_of(runtime_, welcome.pids, welcome.pid) : UniqueFd{});
      const std::lock_guard lock{lock_};
      connection_ = std::move(called->connection);
      connected_ = true;
      queue_ = welcome.queue;
      capacity_ = welcome.capacity;
      capacity_bytes_ = welcome.capacity_bytes;
      retry_delay_ = Duration{welcome.retry_delay};
      if (id_ != 0) {
        patience_ = std::min(caller_->options().lost_after, Duration{welcome.keeps});
      }
      process_ = std::move(process);
      return {};
    }
    const Code code = called.error().code();
    if (code != Code::not_found && code != Code::disconnected && code != Code::closed) {
      return called.error();
    }
    if (until.left() <= pause || caller_->owner() != nullptr) {
      return called.error();
    }
    fiber::Waiter never;
    if (never.wait(runtime_, Deadline{pause}) == fiber::Waiter::Outcome::cancelled) {
      return Error{Code::cancelled, "the runtime is stopping"};
    }
    pause = std::min(2 * pause, kLastLook);
  }
}

}  // namespace troupe::queue
