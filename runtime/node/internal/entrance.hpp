// SPDX-License-Identifier: Apache-2.0
#pragma once

// Entrance: the end of a line of another node: where its messages to an actor of this one come in.
// What finds the mailbox full waits here, within the window that the other side was given, so that
// who reads the link never waits; and what is done with goes back as credit.

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

  // Null: it was refused, which `error` says.
  Result<const actor::RemoteMessage*> resolve(const Route& route, Error& error);
  void put(actor::Envelope& letter, const actor::RemoteMessage& message);
  void put_waiting();
  void say_dropped(const actor::RemoteMessage& message, const Error& why);

  const std::shared_ptr<Link> link_;
  const actor::Target actor_;
  const std::uint64_t line_;    // that it is the end of
  std::uint64_t sequence_ = 0;  // who reads: of the last message

  std::mutex lock_;
  // Guarded by lock_.
  Done done_;
  bool putting_ = false;  // an actor puts what waits into the mailbox
  std::deque<std::pair<actor::Envelope*, const actor::RemoteMessage*>> waiting_;
};

}  // namespace troupe::node
