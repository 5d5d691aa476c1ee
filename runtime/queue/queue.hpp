// SPDX-License-Identifier: Apache-2.0
#pragma once

// Queue: items from any number of producers to any number of consumers: threads, actors, processes.
// It is where its owner is, a thread in the process that made it; everybody else has a connection
// to that. A killed consumer's items go to others; a killed producer's are there once they are
// acknowledged by the owner (put_confirmed, flush, close, the end of a process in order). When the
// owner's process is gone the queue is, and each use of it is an error; unless it is durable
// (QueueOptions::durable): then who makes it again at the same path has it as it was.
//
//   troupe::Queue<Line> lines{runtime};             // handles of it go into processes and messages
//   lines.put(Line{1, "text"}).value();
//   for (auto& line : lines) count(line->text);     // leased; the loop's next step acknowledges
//
// A handle is a small value, thread-safe, copied freely. Made by default it is empty: any use is
// `closed`. Others' waits on a fiber let other actors run, and end with the ask in work.

#include "troupe/base/deadline.hpp"
#include "troupe/base/log.hpp"
#include "troupe/base/result.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/delivery.hpp"
#include "troupe/runtime/queue/queue_client.hpp"
#include "troupe/runtime/queue/queue_options.hpp"
#include "troupe/serialization/codec.hpp"
#include "troupe/serialization/schema.hpp"
#include "troupe/transports/address.hpp"

#include <concepts>
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe {

template <class T>
class QueueLoop;

template <class T>
class Queue final {
 public:
  using Item = T;

  Queue() = default;
  // A queue that only handles lead to: private to this program and the processes that get one. It
  // is there until the last handle is gone here, or, once a handle was sent anywhere, the runtime
  // ends. Throws Error (invalid_argument, overloaded, system, those of QueueOptions::durable).
  explicit Queue(RuntimeCore& runtime, const QueueOptions& options = {})
      : client_(queue::QueueClient::anonymous(runtime, item_schema(), options)) {}

  // Makes the queue of that address: tcp://host:port/name, tls://host:port/name, shm:name,
  // unix:/path, fifo:/path, inproc://name/queue. Queues of one runtime may share host and port. Of
  // a durable one, ?durable=/path and &sync=always may be written behind. Errors: exists,
  // invalid_argument, refused, malformed (QueueOptions::durable), system.
  static Result<Queue> create(RuntimeCore& runtime, const Address& address,
                              const QueueOptions& options = {}) {
    return of(queue::QueueClient::create(runtime, address, item_schema(), options));
  }
  // Joins it; waits until it is there. Errors: not_found (nobody made it in time), refused (the
  // key; another type of items, with both names), invalid_argument, timed_out, cancelled.
  static Result<Queue> open(RuntimeCore& runtime, const Address& address,
                            Deadline until = Deadline{std::chrono::seconds{10}},
                            const ConnectOptions& options = {}) {
    return of(queue::QueueClient::open(runtime, address, item_schema(), options, false, until));
  }
  // Makes it, or joins who was first. Errors: as both.
  static Result<Queue> open_or_create(RuntimeCore& runtime, const Address& address,
                                      const QueueOptions& options = {}) {
    auto made = create(runtime, address, options);
    if (made || made.error() != Code::exists) {
      return made;
    }
    return open(runtime, address, Deadline{std::chrono::seconds{10}}, options.connect);
  }

  // ---- putting ----
  // Returns when there was room for the item and it is on its way; it may still be lost with this
  // process, or with the owner's. Waits for room. Of an item that is not taken nothing is moved.
  // Errors: closed, timed_out, overloaded (WhenFull::refuse), invalid_argument (it does not encode,
  // or is larger than the queue), refused (this thread has an item of the queue in work, and would
  // wait for itself: see Delivery::emit; wrong key), disconnected (the owner is gone), cancelled.
  Result<void> put(const T& item, Deadline until = forever) const {
    return put_as(nullptr, item, until);
  }
  Result<void> put(T&& item, Deadline until = forever) const {
    auto put_it = put(std::as_const(item), until);
    if (put_it) {
      [[maybe_unused]] const T accepted = std::move(item);
    }
    return put_it;
  }
  // The same, and the owner has it. Errors as put; of unknown effect where the owner did not
  // answer.
  Result<void> put_confirmed(const T& item, Deadline until = forever) const {
    auto put_it = put(item, until);
    return put_it ? flush(until) : put_it;
  }
  // Waits until the owner has all that was put here before. Errors: timed_out, disconnected,
  // cancelled; overloaded (a durable queue cannot be written: its disk's reason; of unknown effect,
  // since it is as soon as it can).
  Result<void> flush(Deadline until = forever) const {
    return client_ != nullptr ? client_->flush(until) : empty("flush");
  }
  // Does not wait for room: overloaded. (It waits for the owner to say whether there is some.)
  Result<void> try_put(const T& item) const {
    if (client_ == nullptr) {
      return empty("put");
    }
    Encoded frame;
    auto bytes = encode_item(frame, nullptr, item);
    return bytes ? client_->try_put(frame, *bytes) : bytes.error();
  }
  Result<void> put_with(const T& item, const PutOptions& options) const {
    return put_as(&options, item, options.until);
  }
  // One after the other; those before the first that fails are put.
  Result<void> put_many(const std::vector<T>& items, Deadline until = forever) const {
    for (const T& item : items) {
      if (auto put_it = put(item, until); !put_it) {
        return put_it;
      }
    }
    return {};
  }

  // ---- taking ----
  // The next item, on lease. Errors: closed (the queue is, and all that was put is finished),
  // timed_out, disconnected (the owner is gone), cancelled.
  Result<Delivery<T>> take(Deadline until = forever) const {
    return take_with(until, queue::Appetite::one);
  }
  // Does not wait for an item: timed_out. (It waits for the owner to say whether there is one.)
  Result<Delivery<T>> try_take() const { return take(Deadline::at_once()); }
  // Taken and finished in one: lost, should this process end before it is done with it. Of gets
  // that follow each other quickly the last ones before a kill may be others' again. Items that are
  // fetched for the next ones, and not taken, are others' after a few milliseconds.
  Result<T> get(Deadline until = forever) const {
    return got(take_with(until, queue::Appetite::often));
  }
  Result<T> try_get() const { return get(Deadline::at_once()); }
  // At least one, and what there is then, up to `at_most`.
  Result<std::vector<T>> get_many(std::size_t at_most, Deadline until = forever) const;

  // Each item on lease, for range-for: the step to the next acknowledges the one before; leaving in
  // any other way gives it back. Ends when the queue is closed and all that was put is finished;
  // any other end throws Error.
  QueueLoop<T> begin() const;
  std::default_sentinel_t end() const noexcept { return {}; }

  // Calls handler(T&) or handler(Delivery<T>&), which returns nothing or a Result<void>, for each
  // item, and acknowledges it; an error or a throw gives it back for the queue's retry_delay, and
  // goes on. Ends as a loop does. Errors: as take; cancelled when options.stop asks for it.
  template <class F>
  Result<Consumed> consume(F handler, const ConsumeOptions& options = {}) const;

  // ---- the queue ----
  // Nothing more is put, by anybody; what is there is still taken. Waits for the owner.
  Result<void> close(Deadline until = forever) const {
    return answered(queue::QueueClient::Asked::close, until);
  }
  // Closes it, and what is put into it is not all there is: who takes gets the rest, then the error
  // `failed` with `why`, and loops throw it. The first word counts.
  Result<void> fail(std::string_view why, Deadline until = forever) const {
    return answered(queue::QueueClient::Asked::close, until, why);
  }
  // Waits until all that was put is finished. Errors: timed_out, disconnected, cancelled.
  Result<void> join(Deadline until = forever) const {
    return answered(queue::QueueClient::Asked::join, until);
  }
  Result<QueueStats> stats(Deadline until = Deadline{std::chrono::seconds{5}}) const {
    return client_ != nullptr ? client_->ask(queue::QueueClient::Asked::stats, until)
                              : Result<QueueStats>{empty("ask")};
  }
  // How many items wait to be taken.
  Result<std::size_t> size() const {
    auto its = stats();
    return its ? Result<std::size_t>{static_cast<std::size_t>(its->ready)} : its.error();
  }
  // Copies of the first items that wait to be taken, which stay where they are; by the time of the
  // answer others may have them. At most 1000, and 1 MiB of them. Errors: malformed (another type),
  // those of stats().
  Result<std::vector<T>> peek(std::uint32_t at_most = 10,
                              Deadline until = Deadline{std::chrono::seconds{5}}) const;
  // What nobody could finish. It keeps as many as the queue, the newest ones; ends when the queue
  // has.
  Result<Queue<DeadLetter<T>>> dead_letters(Deadline until = Deadline{
                                                std::chrono::seconds{10}}) const;
  // What others open; empty while only handles lead to it.
  Address address() const {
    auto place = client_ != nullptr ? client_->address() : std::string{};
    return place.empty() ? Address{} : Address{place};
  }
  explicit operator bool() const noexcept { return client_ != nullptr; }

  // For the library.
  explicit Queue(std::shared_ptr<queue::QueueClient> client) noexcept
      : client_(std::move(client)) {}
  const std::shared_ptr<queue::QueueClient>& client() const noexcept { return client_; }
  // Nothing: nobody can read it, and it is a dead letter.
  std::optional<Result<Delivery<T>>> delivered(queue::Taken taken) const;
  static const Schema& item_schema() {
    static_assert(!carries_fds<T>,
                  "items of a queue carry no descriptors: send them over a Pipe or to an actor");
    return schema<T>();
  }

 private:
  friend class QueueLoop<T>;

  static Error empty(const char* doing) {
    return Error{Code::closed, std::string{doing} + ": this handle of a queue is empty"};
  }
  static Result<Queue> of(Result<std::shared_ptr<queue::QueueClient>> client) {
    return client ? Result<Queue>{Queue{*std::move(client)}} : client.error();
  }
  static Result<std::size_t> encode_item(Encoded& frame, const PutOptions* options, const T& item);
  Result<void> put_as(const PutOptions* options, const T& item, Deadline until) const;
  Result<Delivery<T>> take_with(Deadline until, queue::Appetite appetite) const;
  Result<void> answered(queue::QueueClient::Asked what, Deadline until,
                        std::string_view text = {}) const {
    if (client_ == nullptr) {
      return empty("use it");
    }
    auto stats = client_->ask(what, until, text);
    return stats ? Result<void>{} : stats.error();
  }
  static Result<T> got(Result<Delivery<T>> delivery) {
    if (!delivery) {
      return delivery.error();
    }
    T item = std::move(**delivery);
    auto finished = delivery->ack();
    return finished ? Result<T>{std::move(item)} : finished.error();
  }

  std::shared_ptr<queue::QueueClient> client_;  // null: empty
};

// ---- what is a template of it ------------------------------------------------------------------

template <class T>
Result<std::size_t> Queue<T>::encode_item(Encoded& frame, const PutOptions* options,
                                          const T& item) {
  Writer writer{frame};
  queue::begin_put(writer, options);
  const std::size_t before = frame.head.size();
  writer.value(item);
  if (auto encoded = writer.finish(); !encoded) {
    return encoded.error();
  }
  return frame.size() - before;
}

template <class T>
Result<void> Queue<T>::put_as(const PutOptions* options, const T& item, Deadline until) const {
  if (client_ == nullptr) {
    return empty("put");
  }
  Encoded frame;
  auto bytes = encode_item(frame, options, item);
  return bytes ? client_->put(frame, *bytes, 1, until) : bytes.error();
}

template <class T>
Result<Delivery<T>> Queue<T>::take_with(Deadline until, queue::Appetite appetite) const {
  if (client_ == nullptr) {
    return empty("take");
  }
  for (;;) {
    auto taken = client_->take(until, appetite);
    if (!taken) {
      return taken.error();
    }
    if (auto delivery = delivered(*std::move(taken))) {
      return *std::move(delivery);
    }
  }
}

template <class T>
std::optional<Result<Delivery<T>>> Queue<T>::delivered(queue::Taken taken) const {
  const DecodeLimits limits{.members = Members::prefix};
  auto item = decode<T>(Incoming{.bytes = taken.item}, limits);
  if (item) {
    return Delivery<T>{client_, std::move(taken), *std::move(item)};
  }
  if (auto rejected = client_->reject(taken, item.error().what()); !rejected) {
    return rejected.error();
  }
  return std::nullopt;
}

template <class T>
Result<Queue<DeadLetter<T>>> Queue<T>::dead_letters(Deadline until) const {
  if (client_ == nullptr) {
    return empty("dead_letters");
  }
  auto dead = client_->dead_letters(schema<DeadLetter<T>>(), until);
  return dead ? Result<Queue<DeadLetter<T>>>{Queue<DeadLetter<T>>{*std::move(dead)}} : dead.error();
}

template <class T>
template <class U>
Result<void> Delivery<T>::emit(const Queue<U>& out, const U& item) {
  if (client_ == nullptr) {
    return over("emit");
  }
  if (!out) {
    return Error{Code::closed, "emit: the handle of the queue is empty"};
  }
  queue::Output* its = nullptr;
  for (queue::Output& each : outputs_) {
    if (each.queue == out.client()) {
      its = &each;
    }
  }
  if (its == nullptr) {
    its = &outputs_.emplace_back(queue::Output{out.client(), {}, 0});
  }
  Encoded encoded;
  if (auto fine = encode(encoded, item); !fine) {
    return fine;
  }
  const Bytes bytes = encoded.joined();
  its->items.insert(its->items.end(), bytes.begin(), bytes.end());
  ++its->count;
  return {};
}

template <class T>
Result<std::vector<T>> Queue<T>::peek(std::uint32_t at_most, Deadline until) const {
  if (client_ == nullptr) {
    return empty("peek");
  }
  const auto shown = client_->peek(at_most, until);
  if (!shown) {
    return shown.error();
  }
  std::vector<T> items;
  for (const Bytes& each : *shown) {
    const DecodeLimits limits{.members = Members::prefix};
    auto item = decode<T>(Incoming{.bytes = each}, limits);
    if (!item) {
      return item.error();
    }
    items.push_back(*std::move(item));
  }
  return items;
}

// A handle in a message: docs/wire-protocol.md#queues.
template <class T>
struct Codec<Queue<T>> {
  static void encode(Writer& writer, const Queue<T>& queue) {
    if (!queue) {
      writer.nil();
      return;
    }
    auto place = queue.client()->place();
    if (place) {
      writer.value(*place);
    } else {
      writer.fail(place.error());
    }
  }
  static Result<Queue<T>> decode(Reader& reader) {
    if (reader.take_nil()) {
      return Queue<T>{};
    }
    auto place = reader.value<queue::Place>();
    if (!place) {
      return place.error();
    }
    RuntimeCore* const runtime = RuntimeCore::current();
    if (runtime == nullptr) {
      return Error{Code::invalid_argument,
                   "receive a queue: this thread has no current runtime; make a Runtime::Scope"};
    }
    return Queue<T>{queue::QueueClient::at(*runtime, *std::move(place), Queue<T>::item_schema())};
  }
};

}  // namespace troupe

#include "troupe/runtime/queue/queue_loop.hpp"
