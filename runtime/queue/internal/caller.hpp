// SPDX-License-Identifier: Apache-2.0
#pragma once

// Caller: how a client of a queue reaches its owner: dials it, says hello, and hears its welcome.
// Immutable; thread-safe.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/queue/internal/queue_frame.hpp"
#include "troupe/runtime/queue/queue_client.hpp"

#include <memory>

namespace troupe::queue {

// What a client goes on with.
struct Resumed {
  std::uint64_t queue = 0;  // the number of the queue; 0: nothing
  std::uint64_t heard = 0;  // how many frames of the owner it has read
};

struct Called {
  Connection connection;
  Welcome welcome;
};

class Caller final {
 public:
  // `owner`: null where it is elsewhere.
  Caller(RuntimeCore& runtime, Place place, Schema schema, ConnectOptions options,
         std::shared_ptr<Owner> owner);

  // As a client of that number, which goes on with what it has when `resumed` says so. Errors:
  // refused and not_found (the owner said so: lost, where it was to go on), those of
  // troupe::connect.
  Result<Called> call(std::uint64_t client, const Resumed& resumed, Deadline until) const;

  RuntimeCore& runtime() const noexcept { return runtime_; }
  const Place& place() const noexcept { return place_; }
  const ConnectOptions& options() const noexcept { return options_; }
  const std::shared_ptr<Owner>& owner() const noexcept { return owner_; }
  // Whether a connection may end although neither end has.
  bool may_break() const;

 private:
  bool is_here() const;
  Result<Connection> dial(Hello hello, Deadline until) const;

  RuntimeCore& runtime_;
  const Place place_;
  const Schema schema_;
  const ConnectOptions options_;
  const std::shared_ptr<Owner> owner_;
};

}  // namespace troupe::queue
