// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/hosting.hpp"

#include "troupe/runtime/actor/inbox.hpp"
#include "troupe/runtime/actor/internal/watching.hpp"
#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/process/crash_report.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <exception>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace troupe::actor {

namespace {

constexpr std::size_t kMostErrorText = std::size_t{64} << 10U;

}  // namespace

// Sends what the link did not take at once. Ends when all has left, or the link has.
class Hosting::Rest final {
 public:
  explicit Rest(std::shared_ptr<Hosting> hosting) : hosting_(std::move(hosting)) {}

  void started(Context& context) {
    (void)hosting_->send_rest(forever);
    context.stop();
  }

 private:
  const std::shared_ptr<Hosting> hosting_;
};

Hosting::Hosting(RuntimeCore& runtime, Connection connection, RemoteMessages messages,
                 Window window)
    : runtime_(runtime), connection_(std::move(connection)), messages_(messages), window_(window) {}

// ---- to the actor ------------------------------------------------------------------------------

Result<void> Hosting::read(const Target& actor) {
  Incoming incoming;
  const DecodeLimits limits;
  while (connection_.receive_message(incoming, forever)) {
    std::size_t size = incoming.bytes.size();
    for (const DetachedBytes& part : incoming.detached) {
      size += part.bytes.size();
    }
    Reader reader{incoming, limits};
    const auto kind = read_kind(reader);
    if (!kind) {
      return kind.error();
    }
    if (*kind == RemoteFrame::stop) {
      return {};
    }
    if (*kind == RemoteFrame::give_up) {
      const auto ask = reader.value<std::uint64_t>();
      if (!ask) {
        return ask.error();
      }
      give_up(*ask);
      continue;
    }
    if (auto read = read_one(actor, *kind, reader, size); !read) {
      return read;
    }
    if (reader.failed()) {
      connection_.drop_fds();
    }
  }
  return {};
}

Result<void> Hosting::read_one(const Target& actor, RemoteFrame kind, Reader& reader,
                               std::size_t size) {
  const auto index = reader.value<std::uint32_t>();
  if (!index || *index >= messages_.size()) {
    return Error{Code::malformed, "a message of a type that the actor does not have"};
  }
  const RemoteMessage& message = messages_[*index];
  const auto bytes = static_cast<std::uint32_t>(size);
  if (kind == RemoteFrame::tell) {
    auto letter = message.letter(reader, Receipt{shared_from_this(), bytes});
    if (const auto error =
            letter ? tell(actor, **letter, Deadline::at_once()) : std::optional{letter.error()}) {
      runtime_.log().write("a message from the other process was dropped: " +
                           std::string{message.type->name} + ": " + error->what());
    }
    return {};
  }
  const auto ask = reader.value<std::uint64_t>();
  const auto left = reader.value<std::int64_t>();
  if (kind != RemoteFrame::ask || !ask || !left) {
    return Error{Code::malformed, "a frame that is not for an actor"};
  }
  const Deadline until = *left > 0 ? Deadline{Duration{*left}} : forever;
  if (const auto question = message.question(reader, ReplySlot{shared_from_this(), *ask, bytes})) {
    actor::ask(actor, *question, until);
  }
  return {};
}

void Hosting::expect(std::uint64_t ask, AnswerBase& answer) {
  const std::lock_guard lock{lock_};
  asks_.insert_or_assign(ask, &answer);
}

bool Hosting::claim(std::uint64_t ask) {
  const std::lock_guard lock{lock_};
  return asks_.erase(ask) > 0;
}

// As an asker here does: whoever takes it out of asks_ has the asker's side of the answer.
void Hosting::give_up(std::uint64_t ask) {
  AnswerBase* answer = nullptr;
  {
    const std::lock_guard lock{lock_};
    const auto found = asks_.find(ask);
    if (found == asks_.end()) {
      return;  // the reply is on its way
    }
    answer = found->second;
    asks_.erase(found);
  }
  answer->release();
}

// ---- from the actor ----------------------------------------------------------------------------

// Of messages that are done with, one more of `bytes` among them: what is to be said.
Done Hosting::take_done(std::uint32_t bytes) {
  const std::lock_guard lock{lock_};
  ++done_.messages;
  done_.bytes += bytes;
  return std::exchange(done_, Done{});
}

void Hosting::done(std::uint32_t bytes) {
  Done done;
  {
    const std::lock_guard lock{lock_};
    ++done_.messages;
    done_.bytes += bytes;
    if (done_.messages < window_.messages / 4 && done_.bytes < window_.bytes / 4) {
      return;
    }
    done = std::exchange(done_, Done{});
  }
  say(done);
}

void Hosting::say(const Done& done) {
  Frame frame;
  Writer writer{frame.bytes};
  writer.natural(static_cast<std::uint64_t>(RemoteFrame::credit));
  writer.value(done);
  if (writer.finish()) {
    send(std::move(frame));
  }
}

void Hosting::reply(std::uint64_t ask, std::uint32_t bytes,
                    const std::function<void(Writer& writer)>& write) {
  Frame frame{{}, ask, take_done(bytes)};
  Writer writer{frame.bytes};
  writer.natural(static_cast<std::uint64_t>(RemoteFrame::reply));
  writer.natural(ask);
  writer.value(frame.done);
  try {
    write(writer);
  } catch (const std::exception& thrown) {  // a codec of the user's
    writer.fail(Error{Code::failed, thrown.what()});
  } catch (...) {
    writer.fail(Error{Code::failed, "its codec threw"});
  }
  if (const auto written = writer.finish(); !written) {
    send(error_frame(ask, frame.done, written.error().within("send the reply")));
    return;
  }
  frame.bytes.own();
  send(std::move(frame));
}

void Hosting::fail(std::uint64_t ask, std::uint32_t bytes, const Error& error) {
  send(error_frame(ask, take_done(bytes), error));
}

Hosting::Frame Hosting::error_frame(std::uint64_t ask, const Done& done, const Error& error) {
  RemoteError record = to_wire(error);
  if (record.what.size() > kMostErrorText) {
    record.what.resize(kMostErrorText);
    record.what += "...";
  }
  Frame frame;
  Writer writer{frame.bytes};
  writer.natural(static_cast<std::uint64_t>(RemoteFrame::error));
  writer.natural(ask);
  writer.value(done);
  writer.value(record);
  (void)writer.finish();  // nothing of it can be refused
  frame.bytes.own();
  return frame;
}

// Handlers never wait for a slow reader of their replies: what does not leave at once is left to an
// actor of its own. (Replies are bounded by the asks, and those by the window.)
void Hosting::send(Frame frame) {
  {
    const std::lock_guard lock{lock_};
    waiting_.push_back(std::move(frame));
    if (std::exchange(sending_, true)) {
      return;
    }
  }
  if (send_rest(Deadline::at_once())) {
    return;
  }
  try {
    (void)spawn<Rest>(runtime_, nullptr, nullptr, shared_from_this());
  } catch (const Error& error) {
    runtime_.log().write(std::string{"replies wait for the next one: "} + error.what());
    const std::lock_guard lock{lock_};
    stop_sending();
  }
}

void Hosting::stop_sending() noexcept {
  sending_ = false;
  sent_.announce();
}

bool Hosting::send_rest(Deadline until) {
  for (;;) {
    Frame* first = nullptr;
    {
      const std::lock_guard lock{lock_};
      if (waiting_.empty()) {
        stop_sending();
        return true;
      }
      first = &waiting_.front();  // stays there: only who sends takes from the front
    }
    const auto sent = connection_.offer_message(first->bytes, until);
    if (!sent && sent.error() == Code::timed_out) {
      return false;
    }
    const bool link_is_gone =
        !sent && (sent.error() == Code::disconnected || sent.error() == Code::closed ||
                  sent.error() == Code::cancelled);
    if (!sent && !link_is_gone && first->ask != 0) {
      // Too large, for example: its asker is told instead.
      *first = error_frame(first->ask, first->done, sent.error().within("send the reply"));
      continue;
    }
    const std::lock_guard lock{lock_};
    waiting_.pop_front();
  }
}

void Hosting::finish(Deadline until) {
  Done done;
  {
    const std::lock_guard lock{lock_};
    done = std::exchange(done_, Done{});
  }
  if (done.messages > 0) {
    say(done);
  }
  {
    std::unique_lock lock{lock_};
    while (sending_) {
      if (sent_.wait(runtime_, lock, until) != fiber::Waiter::Outcome::fired) {
        return;
      }
    }
    sending_ = true;
  }
  (void)connection_.flush(until);
  (void)send_rest(until);  // what came meanwhile leaves when the link is closed, at the latest
}

// ---- its life ----------------------------------------------------------------------------------

namespace {

class Reading final {
 public:
  Reading(std::shared_ptr<Hosting> hosting, const Target& actor)
      : hosting_(std::move(hosting)), actor_(actor) {}

  void started(Context& context) {
    const auto read = hosting_->read(actor_);
    tell_to_stop(actor_, read ? Exit{}
                              : Exit{.kind = Exit::Kind::failed,
                                     .what = std::string{"its link: "} + read.error().what()});
    context.stop();
  }

 private:
  const std::shared_ptr<Hosting> hosting_;
  const Target actor_;
};

}  // namespace

Result<void> host(RuntimeCore& runtime, HostedActor hosted, RemoteMessages messages,
                  const std::function<Target(const ActorOptions& options)>& spawn_actor) {
  if (hosted.error_output && ::dup2(hosted.error_output.get(), STDERR_FILENO) < 0) {
    return Error::system("take the error output of a process actor", errno);
  }
  hosted.error_output.reset();
  process::report_crashes();

  ActorOptions options;
  options.name = std::move(hosted.name);
  // The window bounds what comes, so the mailbox never holds up the link.
  options.mailbox.capacity = hosted.window.messages;
  options.mailbox.capacity_bytes = std::numeric_limits<std::size_t>::max() / 4;
  Inbox<Protocol<>> inbox{runtime};
  const Target actor = spawn_actor(options);
  monitor(inbox.context().cell(), actor);
  const auto hosting =
      std::make_shared<Hosting>(runtime, std::move(hosted.link), messages, hosted.window);
  (void)spawn<Reading>(runtime, nullptr, nullptr, hosting, actor);

  std::optional<Exit> exit;
  while (!exit) {
    if (auto received = inbox.receive([&exit](Down down) { exit = std::move(down.reason); });
        !received) {
      return received;
    }
  }
  hosting->finish(std::chrono::seconds{1});
  return exit->ok() ? Result<void>{} : Error{Code::failed, exit->what};
}

}  // namespace troupe::actor
