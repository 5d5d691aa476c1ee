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
  for (const Arrived& each : waiting_) {
    if (each.answer == nullptr) {
      actor::discard(*each.envelope);
    } else {
      each.envelope->operations->destroy(*each.envelope);
      each.answer->fail(Error{Code::cancelled, "the runtime is stopping"});
    }
  }
}

Result<void> Entrance::take_in(const Route& route, std::size_t bytes) {
  if (route.sequence != ++sequence_) {
    return Error{Code::malformed, "message " + std::to_string(route.sequence) +
                                      " to an actor, where " + std::to_string(sequence_) +
                                      " is the next"};
  }
  const Hello& ours = link_->ours();
  const std::lock_guard lock{lock_};
  if (held_.messages > 0 &&
      (held_.messages >= ours.window_messages || held_.bytes + bytes > ours.window_bytes)) {
    return Error{Code::malformed, "more messages to an actor than it was given room for"};
  }
  ++held_.messages;
  held_.bytes += bytes;
  return {};
}

Result<const actor::RemoteMessage*> Entrance::resolve(const Route& route, Error& error) {
  auto message = link_->types().resolve(route.type, actor::remote_messages_of(actor_));
  if (!message && message.error() == Code::refused) {
    error = message.error();
    return nullptr;
  }
  return message;
}

Result<void> Entrance::tell(const Route& route, Reader& reader, std::size_t bytes) {
  if (auto fits = take_in(route, bytes); !fits) {
    return fits;
  }
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
  put({*message, *letter});
  return {};
}

void Entrance::put(const Arrived& arrived) {
  {
    const std::lock_guard lock{lock_};
    if (putting_) {
      waiting_.push_back(arrived);
      return;
    }
  }
  if (try_put(arrived)) {
    return;
  }
  {
    const std::lock_guard lock{lock_};
    putting_ = true;
    waiting_.push_back(arrived);
  }
  (void)actor::spawn<Waiting>(link_->runtime(), nullptr, nullptr, shared_from_this());
}

bool Entrance::try_put(const Arrived& arrived) {
  if (arrived.answer != nullptr) {
    return actor::try_ask(actor_, {arrived.envelope, arrived.answer}, arrived.until);
  }
  std::optional<Error> error;
  if (!actor::try_tell(actor_, *arrived.envelope, error)) {
    return false;
  }
  if (error) {
    say_dropped(*arrived.message, *error);
  }
  return true;
}

void Entrance::put_waiting() {
  for (;;) {
    Arrived first{};
    {
      const std::lock_guard lock{lock_};
      if (waiting_.empty()) {
        putting_ = false;
        return;
      }
      first = waiting_.front();
      waiting_.pop_front();
    }
    if (first.answer != nullptr) {
      actor::ask(actor_, {first.envelope, first.answer}, first.until);
    } else if (const auto error = actor::tell(actor_, *first.envelope, forever)) {
      say_dropped(*first.message, *error);
    }
  }
}

void Entrance::say_dropped(const actor::RemoteMessage& message, const Error& why) {
  link_->note_dropped(why.within(std::string{message.type->name}));
}

Result<void> Entrance::ask(const Route& route, std::uint64_t ask, Deadline until, Reader& reader,
                           std::size_t bytes) {
  if (auto fits = take_in(route, bytes); !fits) {
    return fits;
  }
  Error refused{Code::refused, ""};
  const auto message = resolve(route, refused);
  if (!message) {
    return message.error();
  }
  const actor::ReplySlot slot{shared_from_this(), ask, static_cast<std::uint32_t>(bytes)};
  if (*message == nullptr) {
    slot.fail(refused);
  } else if (const auto question = (*message)->question(reader, slot)) {
    put({*message, question->envelope, question->answer, until});
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
    held_.messages -= done.messages;
    held_.bytes -= done.bytes;
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
