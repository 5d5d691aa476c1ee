// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/internal/caller.hpp"

#include "troupe/base/os/host.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/internal/owner.hpp"
#include "troupe/runtime/queue/internal/registry.hpp"

#include <unistd.h>

#include <utility>

namespace troupe::queue {

Caller::Caller(RuntimeCore& runtime, Place place, Schema schema, ConnectOptions options,
               std::shared_ptr<Owner> owner)
    : runtime_(runtime),
      place_(std::move(place)),
      schema_(std::move(schema)),
      options_(std::move(options)),
      owner_(std::move(owner)) {}

bool Caller::is_here() const {
  return !place_.local.empty() && place_.host == os::this_host();
}

bool Caller::may_break() const {
  if (owner_ != nullptr || is_here()) {
    return false;
  }
  // The connections of these end when one of the two processes does.
  const Address address{place_.url};
  const std::string_view scheme = address.scheme();
  return scheme != "shm" && scheme != "fifo" && scheme != "inproc" && scheme != "pipe";
}

Result<Connection> Caller::dial(Hello hello, Deadline until) const {
  hello.object = place_.object;
  if (owner_ != nullptr) {
    auto ends = connect_ends(runtime_, "inproc:", transports::Direction::duplex, false);
    if (!ends) {
      return ends.error();
    }
    owner_->adopt(std::move(ends->first), hello, true);
    return std::move(ends->second);
  }
  const bool here = is_here();
  if (!here) {
    auto named = Registry::place_of(place_.url);
    if (!named) {
      return named.error();
    }
    hello.object = std::move(named->object);
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
  writer.value(hello);
  (void)writer.finish();
  if (auto sent = connection->offer_message(frame, until); !sent) {
    return sent.error();
  }
  return connection;
}

Result<Called> Caller::call(std::uint64_t client, const Resumed& resumed, Deadline until) const {
  auto connection = dial(Hello{.magic = std::string{kMagic},
                               .version = kVersion,
                               .object = {},
                               .dead = place_.dead,
                               .pid = static_cast<std::uint64_t>(::getpid()),
                               .schema = schema_,
                               .client = client,
                               .queue = resumed.queue,
                               .heard = resumed.heard,
                               .pids = this_pids(runtime_)},
                         until);
  if (!connection) {
    return connection.error();
  }
  Incoming incoming;
  if (auto heard = connection->receive_message(incoming, until); !heard) {
    return heard.error();
  }
  const DecodeLimits limits{.members = Members::prefix};
  Reader reader{incoming, limits};
  const auto kind = read_kind(reader);
  if (kind && *kind == Frame::welcome) {
    auto welcome = reader.value<Welcome>();
    return welcome ? Result<Called>{Called{*std::move(connection), *welcome}} : welcome.error();
  }
  const auto code = reader.value<std::uint8_t>();
  auto why = reader.value<std::string>();
  if (!kind || *kind != Frame::refused || !code || !why) {
    return Error{Code::refused, "what answers is no queue of troupe"};
  }
  return Error{resumed.queue != 0 ? Code::lost : static_cast<Code>(*code), *std::move(why)};
}

}  // namespace troupe::queue
