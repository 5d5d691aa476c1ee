// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/queue_client.hpp"

#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/internal/caretaker.hpp"
#include "troupe/runtime/queue/internal/client_wait.hpp"
#include "troupe/runtime/queue/internal/owner.hpp"
#include "troupe/runtime/queue/internal/queue_frame.hpp"
#include "troupe/runtime/queue/internal/registry.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace troupe::queue {
namespace {

// How long the last handle of a queue waits for the owner to have what was put.
constexpr Duration kLastFlush = std::chrono::seconds{5};
// A queue that is to be opened is looked for again after so long; more each time.
constexpr Duration kFirstLook = std::chrono::milliseconds{5};
constexpr Duration kLastLook = std::chrono::milliseconds{200};
// Nobody calls: after so many looks of the Caretaker what may be wanted elsewhere goes back.
constexpr unsigned kIdleLooks = 20;

}  // namespace

// ---- how one comes about -----------------------------------------------------------------------

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

QueueClient::QueueClient(RuntimeCore& runtime, Place place, const Schema& schema,
                         ConnectOptions options, std::shared_ptr<Owner> owner)
    : runtime_(runtime),
      schema_(schema),
      options_(std::move(options)),
      owner_(std::move(owner)),
      place_(std::move(place)) {}

QueueClient::~QueueClient() {
  (void)flush(Deadline{kLastFlush});
  Lock lock{lock_};
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
  lock.unlock();
  connection_.close();
  if (owner_ != nullptr && !place_.dead) {
    owner_->let_go();
  }
}

Result<Place> QueueClient::place() {
  if (owner_ != nullptr) {
    auto local = runtime_.queues()->local_place(owner_);
    if (!local) {
      return local.error();
    }
    const std::lock_guard lock{lock_};
    place_.local = local->local;
    place_.host = local->host;
    if (place_.url.empty()) {
      place_.object = local->object;
    }
    return place_;
  }
  const std::lock_guard lock{lock_};
  return place_;
}

Result<std::shared_ptr<QueueClient>> QueueClient::dead_letters(const Schema& schema,
                                                               Deadline until) {
  Place place;
  {
    const std::lock_guard lock{lock_};
    place = place_;
  }
  place.dead = true;
  auto client = std::make_shared<QueueClient>(runtime_, std::move(place), schema, options_, owner_);
  if (auto connected = client->connect(until); !connected) {
    return connected.error().within("open the " + client->text());
  }
  return client;
}

std::string QueueClient::address() const {
  const std::lock_guard lock{lock_};
  return place_.url;
}

std::string QueueClient::text() const {
  const std::string name = !place_.url.empty()     ? place_.url
                           : !place_.local.empty() ? place_.local
                                                   : "without an address";
  return (place_.dead ? "dead letters of queue " : "queue ") + name;
}

// ---- the connection ----------------------------------------------------------------------------

Result<Connection> QueueClient::dial(Deadline until) {
  if (owner_ != nullptr) {
    auto ends = connect_ends(runtime_, "inproc:", transports::Direction::duplex, false);
    if (!ends) {
      return ends.error();
    }
    owner_->adopt(std::move(ends->first),
                  Hello{std::string{kMagic}, kVersion, place_.object, place_.dead,
                        static_cast<std::uint64_t>(::getpid()), schema_});
    return std::move(ends->second);
  }
  const bool here = !place_.local.empty() && place_.host == Registry::this_host();
  ConnectOptions none;
  none.max_message = options_.max_message;
  auto connection =
      troupe::connect(runtime_, here ? place_.local : place_.url, here ? none : options_, until);
  if (!connection) {
    return connection.error();
  }
  Encoded frame;
  Writer writer{frame};
  begin(writer, Frame::hello);
  writer.value(Hello{std::string{kMagic}, kVersion, place_.object, place_.dead,
                     static_cast<std::uint64_t>(::getpid()), schema_});
  (void)writer.finish();
  if (auto sent = connection->offer_message(frame, until); !sent) {
    return sent.error();
  }
  return connection;
}

// Without lock_; by who has receiving_, or before anybody else has this.
Result<void> QueueClient::connect(Deadline until) {
  Duration pause = kFirstLook;
  for (;;) {
    auto connection = dial(until);
    Incoming incoming;
    Result<void> heard = connection ? connection->receive_message(incoming, until)
                                    : Result<void>{connection.error()};
    if (heard) {
      const DecodeLimits limits{.members = Members::prefix};
      Reader reader{incoming, limits};
      const auto kind = read_kind(reader);
      if (kind && *kind == Frame::welcome) {
        const auto welcome = reader.value<Welcome>();
        if (!welcome) {
          return welcome.error();
        }
        const std::lock_guard lock{lock_};
        connection_ = *std::move(connection);
        connected_ = true;
        queue_ = welcome->queue;
        capacity_ = welcome->capacity;
        capacity_bytes_ = welcome->capacity_bytes;
        retry_delay_ = Duration{welcome->retry_delay};
        return {};
      }
      const auto code = reader.value<std::uint8_t>();
      auto why = reader.value<std::string>();
      if (!kind || *kind != Frame::refused || !code || !why) {
        return Error{Code::refused, "what answers is no queue of troupe"};
      }
      heard = Error{static_cast<Code>(*code), *std::move(why)};
    }
    const Code code = heard.error().code();
    if (code != Code::not_found && code != Code::disconnected && code != Code::closed) {
      return heard;
    }
    if (until.left() <= pause || owner_ != nullptr) {
      return heard;
    }
    fiber::Waiter never;
    if (never.wait(runtime_, Deadline{pause}) == fiber::Waiter::Outcome::cancelled) {
      return Error{Code::cancelled, "the runtime is stopping"};
    }
    pause = std::min(2 * pause, kLastLook);
  }
}

Result<void> QueueClient::ready(Lock& lock, Deadline until) {
  ++calls_;
  while (!connected_) {
    if (failure_) {
      return failure("use it");
    }
    if (receiving_) {
      if (const auto outcome = change_.wait(runtime_, lock, until);
          outcome != fiber::Waiter::Outcome::fired) {
        return error_of(outcome, "wait for the connection to " + text());
      }
      continue;
    }
    receiving_ = true;
    lock.unlock();
    auto connected = connect(earlier(until, Deadline{std::chrono::seconds{10}}));
    lock.lock();
    receiving_ = false;
    change_.announce();
    if (!connected) {
      return connected.error().within(text());
    }
  }
  if (failure_) {
    return failure("use it");
  }
  return {};
}

void QueueClient::fail(const Error& why) {
  if (failure_) {
    return;
  }
  const Code code = why.code() == Code::closed ? Code::disconnected : why.code();
  failure_ = Error{code, "its owner is gone (" + std::string{why.what()} + ")", Effect::unknown};
  progress_->broken.store(true);
  change_.announce();
}

Error QueueClient::failure(const char* doing) const {
  return failure_->within(std::string{doing} + ": " + text());
}

Result<void> QueueClient::receive_once(Lock& lock, Deadline until) {
  receiving_ = true;
  lock.unlock();
  Incoming incoming;
  const auto received = connection_.receive_message(incoming, until);
  lock.lock();
  receiving_ = false;
  if (received) {
    read(incoming);
    receive_ready(lock);
  } else if (received.error() != Code::timed_out && received.error() != Code::cancelled) {
    fail(received.error());
  }
  change_.announce();
  return received;
}

// What has come already; never waits.
void QueueClient::receive_ready(Lock& lock) {
  if (receiving_) {
    return;
  }
  receiving_ = true;
  for (;;) {
    lock.unlock();
    Incoming incoming;
    const auto received = connection_.ready()
                              ? connection_.receive_message(incoming, Deadline::at_once())
                              : Result<void>{Error{Code::timed_out, ""}};
    lock.lock();
    if (!received) {
      if (received.error() != Code::timed_out && received.error() != Code::cancelled) {
        fail(received.error());
      }
      break;
    }
    read(incoming);
  }
  receiving_ = false;
  change_.announce();
}

void QueueClient::read(const Incoming& incoming) {
  if (const auto fine = read_frame(incoming); !fine) {
    fail(Error{Code::malformed, "what it said is of no use: " + std::string{fine.error().what()}});
  }
}

Result<void> QueueClient::read_frame(const Incoming& incoming) {
  const DecodeLimits limits{.members = Members::prefix};
  Reader reader{incoming, limits};
  const auto kind = read_kind(reader);
  if (!kind) {
    return kind.error();
  }
  switch (*kind) {
    case Frame::item: {
      Taken taken;
      std::uint64_t behind = 0;
      if (!reader.take(taken.id) || !reader.take(behind) || !reader.take(taken.attempts) ||
          !reader.take(taken.suspect)) {
        return reader.error();
      }
      taken.settled = taken.id - behind;
      taken.number = ++deliveries_;
      const std::span item{reader.place(), incoming.bytes.data() + incoming.bytes.size()};
      taken.item.assign(item.begin(), item.end());
      received_.push_back(std::move(taken));
      ordered_ -= ordered_ > 0 ? 1 : 0;
      if (takers_ == 0 && loops_ == 0) {
        look_after_me();  // it comes too late: the Caretaker gives it back
      }
      return {};
    }
    case Frame::untaken:
      ordered_ = std::min(ordered_, ordered_since_untake_);
      ++untaken_;
      return {};
    case Frame::end: {
      auto why = reader.value<std::string>();
      if (!why) {
        return why.error();
      }
      ended_ = true;
      end_failure_ = *std::move(why);
      return {};
    }
    case Frame::recall:
      recalled_ = true;
      ahead_ = 1;
      want_ahead_ = 1;
      look_after_me();
      return {};
    case Frame::answer: {
      const auto number = reader.value<std::uint64_t>();
      auto answer = reader.value<Answer>();
      if (!number || !answer) {
        return reader.error();
      }
      if (const auto asked = answers_.find(*number); asked != answers_.end()) {
        asked->second = std::make_shared<Answer>(*std::move(answer));
      }
      return {};
    }
    default:
      break;
  }
  const auto number = reader.value<std::uint64_t>();
  if (!number) {
    return number.error();
  }
  switch (*kind) {
    case Frame::accepted:
      progress_->accepted.store(*number);
      return {};
    case Frame::grant: {
      const auto bytes = reader.value<std::uint64_t>();
      if (!bytes) {
        return bytes.error();
      }
      room_items_ += *number;
      room_bytes_ += *bytes;
      wished_ = false;
      return {};
    }
    case Frame::full:
      refused_room_ = static_cast<Code>(*number);
      wished_ = false;
      return {};
    case Frame::lost:
      lost_.insert(*number);
      return {};
    default:
      return Error{Code::malformed, "a frame that only a client sends"};
  }
}

Result<void> QueueClient::claim_sending(Lock& lock, Deadline until) {
  while (sending_) {
    if (const auto outcome = change_.wait(runtime_, lock, until);
        outcome != fiber::Waiter::Outcome::fired) {
      return error_of(outcome, "wait to send to " + text());
    }
  }
  if (failure_) {
    return failure("send to it");
  }
  sending_ = true;
  return {};
}

Result<void> QueueClient::send(Lock& lock, Encoded& frame, Deadline until) {
  if (auto claimed = claim_sending(lock, until); !claimed) {
    return claimed;
  }
  lock.unlock();
  auto sent = connection_.offer_message(frame, until);
  lock.lock();
  sending_ = false;
  change_.announce();
  if (!sent && sent.error() != Code::timed_out && sent.error() != Code::cancelled &&
      sent.error() != Code::invalid_argument) {
    fail(sent.error());
    return failure("send to it");
  }
  return sent;
}

// ---- asking ------------------------------------------------------------------------------------

Result<QueueStats> QueueClient::ask(Asked what, Deadline until, std::string_view text) {
  if (what == Asked::close) {
    if (auto flushed = flush(until); !flushed) {
      return flushed.error();
    }
  }
  Lock lock{lock_};
  if (auto fine = ready(lock, until); !fine) {
    return fine.error();
  }
  if (auto settled = settle_held(lock, until); !settled) {
    return settled.error();
  }
  if (auto sent = send_acks(lock); !sent) {
    return sent.error();
  }
  if (what == Asked::close) {
    (void)return_room(lock);
  }
  return question(lock, what, until, text);
}

Result<QueueStats> QueueClient::question(Lock& lock, Asked what, Deadline until,
                                         std::string_view text) {
  const std::uint64_t number = ++last_question_;
  answers_[number] = nullptr;
  Encoded frame;
  Writer writer{frame};
  begin(writer, Frame::ask);
  writer.natural(number);
  writer.natural(static_cast<std::uint64_t>(what));
  writer.text(text);
  auto asked = send(lock, frame, until);
  if (asked) {
    asked = wait_until(
        lock, [&] { return answers_[number] != nullptr; }, until, "ask");
  }
  const auto answer = answers_[number];
  answers_.erase(number);
  if (!asked) {
    return asked.error();
  }
  if (answer->code != 0) {
    return Error{static_cast<Code>(answer->code), answer->what};
  }
  return answer->stats;
}

int QueueClient::ready_fd() {
  Lock lock{lock_};
  ready(lock, Deadline{std::chrono::seconds{10}}).value();
  return connection_.ready_fd();
}

// ---- the Caretaker -----------------------------------------------------------------------------

void QueueClient::look_after_me() {
  idle_looks_ = 0;
  if (!std::exchange(looked_after_, true)) {
    runtime_.queues()->caretaker().add(weak_from_this());
  }
}

bool QueueClient::look_after() {
  Lock lock{lock_};
  if (failure_ || !connected_) {
    looked_after_ = false;
    return false;
  }
  idle_looks_ = calls_ == std::exchange(calls_seen_, calls_) ? idle_looks_ + 1 : 0;
  receive_ready(lock);
  release_held();
  if (!sending_) {
    (void)send_acks(lock);
    const bool recalled = std::exchange(recalled_, false);
    if (recalled || (takers_ == 0 && loops_ == 0)) {
      (void)give_up_unopened(lock);
    }
    if (recalled || idle_looks_ >= kIdleLooks) {
      (void)return_room(lock);
    }
  }
  const bool more =
      !failure_ && (ack_count_ > 0 || !held_.empty() || room_items_ > 0 || !received_.empty() ||
                    ordered_ > takers_ || progress_->accepted.load() < puts_);
  looked_after_ = more;
  return more;
}

}  // namespace troupe::queue
