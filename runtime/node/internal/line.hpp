// SPDX-License-Identifier: Apache-2.0
#pragma once

// Line: the way to one actor of another node: what its stand-in here sends on. It knows how the
// messages cross that handles here may send, and how many more the other side takes. One that was
// made for a node that there is no link to yet waits for it (link_actors.hpp makes it).

#include "troupe/base/deadline.hpp"
#include "troupe/runtime/actor/remote_message.hpp"
#include "troupe/runtime/actor/stand_in.hpp"
#include "troupe/runtime/fiber/change.hpp"
#include "troupe/runtime/node/actor_address.hpp"
#include "troupe/runtime/node/internal/link_frame.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace troupe::node {

class Link;

class Line final : public actor::Elsewhere, public std::enable_shared_from_this<Line> {
 public:
  Line(RuntimeCore& runtime, ActorAddress address) noexcept;

  const ActorAddress& address() const noexcept { return address_; }
  // Its number on the link.
  std::uint64_t number() const noexcept { return number_; }
  // What stands for it here; set once, before others see the line.
  void set_stand_in(const actor::Target& stand_in) noexcept { stand_in_ = stand_in; }
  const actor::Target& stand_in() const noexcept { return stand_in_; }

  // Handles may send these, too.
  void learn(actor::RemoteMessages messages);

  void forward(actor::Envelope& envelope, actor::AnswerBase* answer) override;
  void stop(const Exit& reason) override;

  // From now on it goes there, as line `number`. Once, by the link.
  void connect(std::shared_ptr<Link> link, std::uint64_t number);
  // The other side is done with so many.
  void take_back(const Done& done);
  // Sent, and not done with.
  Done out() const;
  // Nothing goes there any more: who waits for room goes on.
  void close();

 private:
  const actor::RemoteMessage* find(const actor::Operations& operations) const;
  Result<void> write(Encoded& frame, Link& link, const actor::RemoteMessage& message,
                     const actor::Envelope& envelope, const actor::AnswerBase* answer,
                     std::uint64_t ask);
  Result<std::shared_ptr<Link>> await_link(Deadline until);
  Result<void> wait_for_window(const Link& link, std::size_t bytes, Deadline until);

  RuntimeCore& runtime_;
  const ActorAddress address_;
  actor::Target stand_in_;
  std::uint64_t sequence_ = 0;  // the stand-in's

  mutable std::mutex lock_;
  // Guarded by lock_.
  std::shared_ptr<Link> link_;  // null: not yet
  std::uint64_t number_ = 0;    // set with it
  std::vector<actor::RemoteMessages> known_;
  std::uint64_t messages_out_ = 0;
  std::uint64_t bytes_out_ = 0;
  bool stop_wanted_ = false;  // before there was a link
  bool closed_ = false;
  fiber::Change change_;
};

}  // namespace troupe::node
