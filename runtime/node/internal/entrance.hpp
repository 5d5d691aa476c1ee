// SPDX-License-Identifier: Apache-2.0
#pragma once

// Entrance: the end of a line of another node: where its messages to an actor of this one come in.
// What finds the mailbox full waits here, in its order and within the window that the other side
// was given, so that who reads the link never waits; and what is done with goes back as credit.

#include "troupe/base/deadline.hpp"
#include "troupe/runtime/actor/remote_message.hpp"
#include "troupe/runtime/node/internal/link_frame.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

namespace troupe::node {

class Link;

class Entrance final : public actor::RemoteSide, public std::enable_shared_from_this<Entrance> {
 public:
  Entrance(std::shared_ptr<Link> link, const actor::Target& actor, std::uint64_t line) noexcept;
  ~Entrance() override;

  const actor::Target& actor() const noexcept { return actor_; }

  // By who reads the link. Errors: malformed (the link has to end).
  Result<void> tell(const Route& route, Reader& reader, std::size_t bytes);
  Result<void> ask(const Route& route, std::uint64_t ask, Deadline until, Reader& reader,
                   std::size_t bytes);

  // (An asker that gives up is not told of yet: its deadline ends what it asked for.)
  void expect(std::uint64_t ask, actor::AnswerBase& answer) override;
  bool claim(std::uint64_t ask) override;
  void done(std::uint32_t bytes) override;
  void reply(std::uint64_t ask, std::uint32_t bytes,
             const std::function<void(Writer& writer)>& write) override;
  void fail(std::uint64_t ask, std::uint32_t bytes, const Error& error) override;

 private:
  class Waiting;

  // A letter, or, with `answer`, a question.
  struct Arrived {
    const actor::RemoteMessage* message;
    actor::Envelope* envelope;
    actor::AnswerBase* answer = nullptr;
    Deadline until = forever;
  };

  // Whether it is the next, and within the window. Errors: malformed.
  Result<void> take_in(const Route& route, std::size_t bytes);
  // Null: it was refused, which `error` says.
  Result<const actor::RemoteMessage*> resolve(const Route& route, Error& error);
  void put(const Arrived& arrived);
  bool try_put(const Arrived& arrived);
  void put_waiting();
  void say_dropped(const actor::RemoteMessage& message, const Error& why);

  const std::shared_ptr<Link> link_;
  const actor::Target actor_;
  const std::uint64_t line_;    // that it is the end of
  std::uint64_t sequence_ = 0;  // who reads: of the last message

  std::mutex lock_;
  // Guarded by lock_.
  Done held_;             // what the other side has out, as far as this one has said
  Done done_;             // of it: what is done with, and not said yet
  bool putting_ = false;  // an actor puts what waits into the mailbox
  std::deque<Arrived> waiting_;
};

}  // namespace troupe::node
