// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hosting: the side of a process actor's link where the actor is: takes messages from it, and gives
// replies and receipts back. One per process actor's process. Thread-safe but for read().

#include "troupe/base/error.hpp"
#include "troupe/runtime/actor/internal/remote_frame.hpp"
#include "troupe/runtime/actor/process_actor.hpp"
#include "troupe/runtime/actor/remote_message.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/fiber/change.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace troupe::actor {

class Hosting final : public RemoteSide, public std::enable_shared_from_this<Hosting> {
 public:
  Hosting(RuntimeCore& runtime, Connection connection, RemoteMessages messages, Window window);

  // Gives what comes to the actor until the other side ends, or says that the actor is to. By one
  // actor, on whose fiber it waits. Errors: malformed.
  Result<void> read(const Target& actor);

  void done(std::uint32_t bytes) override;
  void expect(std::uint64_t ask, AnswerBase& answer) override;
  bool claim(std::uint64_t ask) override;
  void reply(std::uint64_t ask, std::uint32_t bytes,
             const std::function<void(Writer& writer)>& write) override;
  void fail(std::uint64_t ask, std::uint32_t bytes, const Error& error) override;

  // Nothing more will be said: waits until all has left, until the deadline.
  void finish(Deadline until);

 private:
  class Rest;
  struct Frame {
    Encoded bytes;
    std::uint64_t ask = 0;  // that it replies to; 0: none, or an error
    Done done;              // what it says so
  };

  static Frame error_frame(std::uint64_t ask, const Done& done, const Error& error);
  Done take_done(std::uint32_t bytes);
  Result<void> read_one(const Target& actor, RemoteFrame kind, Reader& reader, std::size_t size);
  void give_up(std::uint64_t ask);
  void say(const Done& done);
  void send(Frame frame);
  void stop_sending() noexcept;  // with lock_ held
  // By who has set sending_: true once nothing is left; false: the link took no more until then.
  bool send_rest(Deadline until);

  RuntimeCore& runtime_;
  Connection connection_;
  const RemoteMessages messages_;
  const Window window_;

  std::mutex lock_;
  // Guarded by lock_.
  Done done_;
  std::unordered_map<std::uint64_t, AnswerBase*> asks_;  // not answered, nor given up
  bool sending_ = false;  // somebody uses the sending half of connection_
  std::deque<Frame> waiting_;
  fiber::Change sent_;  // nobody uses it any more
};

}  // namespace troupe::actor
