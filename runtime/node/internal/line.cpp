// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/internal/line.hpp"

#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/node/internal/link.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace troupe::node {

Line::Line(RuntimeCore& runtime, ActorAddress address) noexcept
    : runtime_(runtime), address_(std::move(address)) {}

void Line::connect(std::shared_ptr<Link> link, std::uint64_t number) {
  const std::lock_guard lock{lock_};
  link_ = std::move(link);
  number_ = number;
  if (stop_wanted_) {
    link_->stop(address_.number);
  }
  change_.announce();
}

// The link: one that is being made is waited for.
Result<std::shared_ptr<Link>> Line::await_link(Deadline until) {
  std::unique_lock lock{lock_};
  while (link_ == nullptr && !closed_) {
    const auto outcome = change_.wait(runtime_, lock, until);
    if (outcome != fiber::Waiter::Outcome::fired) {
      return error_of(outcome, "wait for a link to its node");
    }
  }
  if (closed_) {
    return Error{Code::disconnected, "the link has ended"};
  }
  return link_;
}

void Line::learn(actor::RemoteMessages messages) {
  const std::lock_guard lock{lock_};
  const auto same = [&](actor::RemoteMessages each) { return each.data() == messages.data(); };
  if (std::ranges::none_of(known_, same)) {
    known_.push_back(messages);
  }
}

const actor::RemoteMessage* Line::find(const actor::Operations& operations) const {
  const std::lock_guard lock{lock_};
  for (const actor::RemoteMessages messages : known_) {
    for (const actor::RemoteMessage& each : messages) {
      if (each.type == operations.type &&
          (operations.reply == nullptr || each.reply == operations.reply)) {
        return &each;
      }
    }
  }
  return nullptr;
}

// Messages that are out hold those that come after them back; one always goes.
Result<void> Line::wait_for_window(const Link& link, std::size_t bytes, Deadline until) {
  const Hello& their = link.theirs();
  std::unique_lock lock{lock_};
  while (!closed_ && messages_out_ > 0 &&
         (messages_out_ >= their.window_messages || bytes_out_ + bytes > their.window_bytes)) {
    const auto outcome = change_.wait(runtime_, lock, until);
    if (outcome != fiber::Waiter::Outcome::fired) {
      return error_of(outcome, "wait for an actor of another node to take more");
    }
  }
  if (closed_) {
    return Error{Code::disconnected, "the link has ended"};
  }
  ++messages_out_;
  bytes_out_ += bytes;
  return {};
}

void Line::take_back(const Done& done) {
  const std::lock_guard lock{lock_};
  messages_out_ -= std::min<std::uint64_t>(messages_out_, done.messages);
  bytes_out_ -= std::min(bytes_out_, done.bytes);
  change_.announce();
}

Done Line::out() const {
  const std::lock_guard lock{lock_};
  return {static_cast<std::uint32_t>(messages_out_), bytes_out_};
}

void Line::close() {
  const std::lock_guard lock{lock_};
  closed_ = true;
  change_.announce();
}

void Line::forward(actor::Envelope& envelope, actor::AnswerBase* answer) {
  const actor::Operations& operations = *envelope.operations;
  const auto refuse = [&](const Error& why) {
    const Error error =
        why.within((answer != nullptr ? "ask " : "send ") + std::string{operations.type->name} +
                   " to " + actor::text_of(stand_in_));
    if (answer != nullptr) {
      actor::let_go_of(envelope, *answer);
      answer->fail(error);
    } else {
      actor::count_lost(stand_in_, error);
    }
  };
  const Deadline until{answer != nullptr ? answer->deadline() : Instant::max()};
  const auto link = await_link(until);
  if (!link) {
    refuse(link.error());
    return;
  }
  const actor::RemoteMessage* const message = find(operations);
  if (message == nullptr) {
    refuse(Error{Code::refused, "no handle here says that it takes that"});
    return;
  }
  Encoded frame;
  std::uint64_t ask = answer != nullptr ? (*link)->next_ask() : 0;
  if (const auto written = write(frame, **link, *message, envelope, answer, ask); !written) {
    refuse(written.error());
    return;
  }
  const std::size_t bytes = frame.size();
  if (const auto room = wait_for_window(**link, bytes, until); !room) {
    refuse(room.error());
    return;
  }
  ++sequence_;
  if (answer != nullptr) {
    frame.own();
    actor::let_go_of(envelope, *answer);
    if (!(*link)->expect(ask, *answer, *message)) {
      return;  // the link has ended, and so has the ask
    }
  }
  Outbox& outbox = (*link)->outbox();
  outbox.post(std::move(frame));
  if (bytes > kPartBytes || outbox.is_full()) {
    (void)outbox.wait_for_room(forever);  // what comes after a large one may not overtake it
  }
}

Result<void> Line::write(Encoded& frame, Link& link, const actor::RemoteMessage& message,
                         const actor::Envelope& envelope, const actor::AnswerBase* answer,
                         std::uint64_t ask) {
  Writer writer{frame};
  begin(writer, answer != nullptr ? LinkFrame::ask : LinkFrame::tell);
  writer.value(Route{number_, address_.number, link.declare(message), sequence_ + 1, 0});
  if (answer != nullptr) {
    const Instant until = answer->deadline();
    writer.natural(ask);
    writer.integer(
        until == Instant::max() ? 0 : std::max<Duration::rep>(Deadline{until}.left().count(), 1));
    writer.natural(0);
  }
  try {
    message.write(writer, envelope);
  } catch (const std::exception& thrown) {  // a codec of the user's
    writer.fail(
        Error{Code::invalid_argument, std::string{"it cannot be encoded: "} + thrown.what()});
  }
  if (auto written = writer.finish(); !written) {
    return written;
  }
  if (!frame.fds.empty()) {
    return Error{Code::invalid_argument, "descriptors do not cross a link between nodes"};
  }
  return {};
}

void Line::stop(const Exit& /*reason*/) {
  const std::lock_guard lock{lock_};
  if (link_ != nullptr) {
    link_->stop(address_.number);
  } else {
    stop_wanted_ = true;
  }
}

}  // namespace troupe::node
