// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/internal/entrance.hpp"

#include "troupe/runtime/actor/remote_error.hpp"
#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/node/internal/link.hpp"

#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace troupe::node {
namespace {

constexpr std::size_t kMostErrorText = std::size_t{64} << 10U;

}  // namespace

// Puts what waits into the mailbox, one after the other. Ends when nothing waits.
class Entrance::Waiting final {
 public:
  explicit Waiting(std::shared_ptr<Entrance> entrance) : entrance_(std::move(entrance)) {}

  void started(Context& context) {
    entrance_->put_waiting();
    context.stop();
  }

 private:
  const std::shared_ptr<Entrance> entrance_;
};

Entrance::Entrance(std::shared_ptr<Link> link, const actor::Target& actor,
                   std::uint64_t line) noexcept
    : link_(std::move(link)), actor_(actor), line_(line) {}

Entrance::~Entrance() {
  for (const auto& [letter, message] : waiting_) {
    actor::discard(*letter);
  }
}

Result<const actor::RemoteMessage*> Entrance::resolve(const Route& route, Error& error) {
  if (route.sequence != ++sequence_) {
    return Error{Code::malformed, "message " + std::to_string(route.sequence) +
                                      " to an actor, where " + std::to_string(sequence_) +
                                      " is the next"};
  }
  auto message = link_->types().resolve(route.type, actor::remote_messages_of(actor_));
  if (!message && message.error() == Code::refused) {
    error = message.error();
    return nullptr;
  }
  return message;
}

Result<void> Entrance::tell(const Route& route, Reader& reader, std::size_t bytes) {
  Error refused{Code::refused, ""};
  const auto message = resolve(route, refused);
  if (!message) {
    return message.error();
  }
  actor::Receipt receipt{shared_from_this(), static_cast<std::uint32_t>(bytes)};
  if (*message == nullptr) {
    link_->note_dropped(refused);
    return {};
  }
  auto letter = (*message)->letter(reader, std::move(receipt));
  if (!letter) {
    say_dropped(**message, letter.error());
    return {};
  }
  put(**letter, **message);
  return {};
}

void Entrance::put(actor::Envelope& letter, const actor::RemoteMessage& message) {
  std::optional<Error> error;
  {
    const std::lock_guard lock{lock_};
    if (putting_) {
      waiting_.emplace_back(&letter, &message);
      return;
    }
  }
  if (actor::try_tell(actor_, letter, error)) {
    if (error) {
      say_dropped(message, *error);
    }
    return;
  }
  {
    const std::lock_guard lock{lock_};
    putting_ = true;
    waiting_.emplace_back(&letter, &message);
  }
  (void)actor::spawn<Waiting>(link_->runtime(), nullptr, nullptr, shared_from_this());
}

void Entrance::put_waiting() {
  for (;;) {
    std::pair<actor::Envelope*, const actor::RemoteMessage*> first;
    {
      const std::lock_guard lock{lock_};
      if (waiting_.empty()) {
        putting_ = false;
        return;
      }
      first = waiting_.front();
      waiting_.pop_front();
    }
    if (const auto error = actor::tell(actor_, *first.first, forever)) {
      say_dropped(*first.second, *error);
    }
  }
}

void Entrance::say_dropped(const actor::RemoteMessage& message, const Error& why) {
  link_->note_dropped(why.within(std::string{message.type->name}));
}

Result<void> Entrance::ask(const Route& route, std::uint64_t ask, Deadline until, Reader& reader,
                           std::size_t bytes) {
  Error refused{Code::refused, ""};
  const auto message = resolve(route, refused);
  if (!message) {
    return message.error();
  }
  const actor::ReplySlot slot{shared_from_this(), ask, static_cast<std::uint32_t>(bytes)};
  if (*message == nullptr) {
    slot.fail(refused);
  } else if (const auto question = (*message)->question(reader, slot)) {
    actor::ask(actor_, *question, until);
  }
  return {};
}

// ---- what is owed ------------------------------------------------------------------------------

void Entrance::expect(std::uint64_t /*ask*/, actor::AnswerBase& /*answer*/) {}

bool Entrance::claim(std::uint64_t /*ask*/) {
  return true;
}

void Entrance::done(std::uint32_t bytes) {
  Done done;
  {
    const Hello& ours = link_->ours();
    const std::lock_guard lock{lock_};
    ++done_.messages;
    done_.bytes += bytes;
    if (done_.messages < ours.window_messages / 4 && done_.bytes < ours.window_bytes / 4) {
      return;
    }
    done = std::exchange(done_, Done{});
  }
  Encoded frame;
  Writer writer{frame};
  begin(writer, LinkFrame::credit);
  writer.natural(line_);
  writer.value(done);
  (void)writer.finish();  // nothing of it can be refused
  link_->outbox().post_control(std::move(frame));
}

void Entrance::reply(std::uint64_t ask, std::uint32_t bytes,
                     const std::function<void(Writer& writer)>& write) {
  Encoded frame;
  Writer writer{frame};
  begin(writer, LinkFrame::reply);
  writer.natural(ask);
  try {
    write(writer);
  } catch (const std::exception& thrown) {  // a codec of the user's
    writer.fail(Error{Code::failed, thrown.what()});
  }
  auto written = writer.finish();
  if (written && !frame.fds.empty()) {
    written = Error{Code::invalid_argument, "descriptors do not cross a link between nodes"};
  }
  if (!written) {
    fail(ask, bytes, written.error().within("send the reply"));
    return;
  }
  link_->outbox().post(std::move(frame));
  done(bytes);
}

void Entrance::fail(std::uint64_t ask, std::uint32_t bytes, const Error& error) {
  actor::RemoteError record = actor::to_wire(error);
  if (record.what.size() > kMostErrorText) {
    record.what.resize(kMostErrorText);
    record.what += "...";
  }
  Encoded frame;
  Writer writer{frame};
  begin(writer, LinkFrame::error);
  writer.natural(ask);
  writer.value(record);
  (void)writer.finish();
  link_->outbox().post(std::move(frame));
  done(bytes);
}

}  // namespace troupe::node
