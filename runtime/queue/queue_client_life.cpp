// SPDX-License-Identifier: Apache-2.0
// How a QueueClient comes about, finds its owner, and ends.
#include "troupe/base/os/host.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/internal/owner.hpp"
#include "troupe/runtime/queue/internal/queue_frame.hpp"
#include "troupe/runtime/queue/internal/registry.hpp"
#include "troupe/runtime/queue/queue_client.hpp"

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
      place_(std::move(place)),
      schema_(std::move(schema)),
      options_(std::move(options)),
      owner_(std::move(owner)) {}

QueueClient::~QueueClient() {
  (void)settle_puts(Deadline{kLastFlush});
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
  if (owner_ == nullptr) {
    return place_;
  }
  auto local = runtime_.queues()->local_place(owner_);
  if (!local) {
    return local.error();
  }
  Place place = place_;
  place.local = local->local;
  place.host = local->host;
  place.object = local->object;
  return place;
}

Result<std::shared_ptr<QueueClient>> QueueClient::dead_letters(const Schema& schema,
                                                               Deadline until) {
  Place place = place_;
  place.dead = true;
  auto client = std::make_shared<QueueClient>(runtime_, std::move(place), schema, options_, owner_);
  if (auto connected = client->connect(until); !connected) {
    return connected.error().within("open the " + client->text());
  }
  return client;
}

std::string QueueClient::address() const {
  return place_.url;
}

std::string QueueClient::text() const {
  const std::string name = !place_.url.empty()     ? place_.url
                           : !place_.local.empty() ? place_.local
                                                   : "without an address";
  return (place_.dead ? "dead letters of queue " : "queue ") + name;
}

Result<Connection> QueueClient::dial(Deadline until) {
  if (owner_ != nullptr) {
    auto ends = connect_ends(runtime_, "inproc:", transports::Direction::duplex, false);
    if (!ends) {
      return ends.error();
    }
    owner_->adopt(std::move(ends->first),
                  Hello{std::string{kMagic}, kVersion, place_.object, place_.dead,
                        static_cast<std::uint64_t>(::getpid()), schema_},
                  true);
    return std::move(ends->second);
  }
  const bool here = !place_.local.empty() && place_.host == os::this_host();
  std::string object = place_.object;
  if (!here) {
    auto named = Registry::place_of(place_.url);
    if (!named) {
      return named.error();
    }
    object = std::move(named->object);
  }
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
  writer.value(Hello{std::string{kMagic}, kVersion, std::move(object), place_.dead,
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

}  // namespace troupe::queue
