// SPDX-License-Identifier: Apache-2.0
#pragma once

// Transport: one way for bytes to cross, by scheme. Makes connections; each is a FrameConnection.
// Nothing here blocks, except that a host name is resolved by the system's resolver.

#include "troupe/base/deadline.hpp"
#include "troupe/transports/frame_connection.hpp"
#include "troupe/transports/options.hpp"

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::transports {

// A connection being made. One thread at a time.
class Dial {
 public:
  Dial() = default;
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;
  virtual ~Dial() = default;

  // Goes on. Null: not yet; wait for readiness(), or for `retry` where that has no fd, and call
  // again. Errors: refused or not_found (nobody listens), system, …: the dial is over.
  virtual Result<std::unique_ptr<FrameConnection>> step() = 0;
  virtual Readiness readiness() const noexcept = 0;
  virtual Duration retry() const noexcept { return std::chrono::milliseconds{10}; }
  // What it waits for, for the text of an error.
  virtual std::string_view waits_for() const noexcept {
    return "nobody has opened the other end yet";
  }
  // When to call again at the latest, although nothing is ready.
  virtual Deadline wake() const noexcept { return Deadline::never(); }
};

// Where others connect to. One thread at a time. Destroying it frees the name.
class FrameListener {
 public:
  FrameListener() = default;
  FrameListener(const FrameListener&) = delete;
  FrameListener& operator=(const FrameListener&) = delete;
  virtual ~FrameListener() = default;

  // The next peer; null when none waits. Errors are about this listener; a peer that fails is
  // skipped.
  virtual Result<std::unique_ptr<FrameConnection>> try_accept() = 0;
  virtual Readiness readable() const noexcept = 0;
  // When to call again at the latest, although nothing is readable.
  virtual Deadline wake() const noexcept { return Deadline::never(); }
  // Why peers that had come were dropped since the last call, where a transport does so.
  virtual std::vector<Error> take_dropped() { return {}; }
  virtual const Address& address() const noexcept = 0;  // with the port or path that was chosen
};

struct ConnectionPair {
  std::unique_ptr<FrameConnection> first;   // of a one-way pair: the receiving end
  std::unique_ptr<FrameConnection> second;  // of a one-way pair: the sending end
};

enum class Direction : std::uint8_t { duplex, one_way };

// Thread-safe: has no state that calls share, but for inproc's names.
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  virtual std::string_view scheme() const noexcept = 0;
  virtual Capabilities capabilities() const noexcept = 0;

  // What to tell, once for all, whoever uses it with these options; empty: nothing.
  virtual std::string caution(const ConnectOptions& /*options*/) { return {}; }

  // Errors of the three: invalid_argument (the address does not fit), refused, exists (in use),
  // system.
  virtual Result<std::unique_ptr<Dial>> dial(const Address& address,
                                             const ConnectOptions& options) = 0;
  virtual Result<std::unique_ptr<FrameListener>> listen(const Address& address,
                                                        const ConnectOptions& options) = 0;
  // Two ends that know each other: what a Pipe within a family is made of.
  virtual Result<ConnectionPair> pair(const Address& address, Direction direction,
                                      const ConnectOptions& options) = 0;
  // Continues a connection that another process, or this one, handed over.
  virtual Result<std::unique_ptr<FrameConnection>> adopt(Handover handover) = 0;
};

}  // namespace troupe::transports
