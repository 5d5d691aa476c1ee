// SPDX-License-Identifier: Apache-2.0
// Proxy: the actor that stands for a process actor where it was spawned: its mailbox is that of the
// process actor, as its senders see it. It ends as the process has.
#include "troupe/runtime/actor/inbox.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/failure.hpp"
#include "troupe/runtime/actor/internal/remote.hpp"
#include "troupe/runtime/actor/internal/remote_link.hpp"
#include "troupe/runtime/actor/process_actor.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/park.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <new>
#include <optional>
#include <string>
#include <utility>

namespace troupe::actor {
namespace {

// While the link takes nothing, so often a proxy looks whether it is to end.
constexpr Duration kLook = std::chrono::milliseconds{200};
// How long a process that has let go of its link may take to end.
constexpr Duration kLetGo = std::chrono::seconds{10};

// Waits for the end until the deadline, and kills then. Errors: cancelled.
Result<Exit> join_or_kill(Process& process, Deadline until) {
  auto exit = process.join(until);
  if (exit || exit.error() != Code::timed_out) {
    return exit;
  }
  (void)process.kill();
  return process.join(forever);
}

// To the proxy, from who reads: there is something to look at.
class Nudge final : public Control {
 public:
  explicit Nudge(std::shared_ptr<std::optional<Exit>> end = nullptr, Exit exit = {})
      : end_(std::move(end)), exit_(std::move(exit)) {}

  void arrive(Cell& /*cell*/, Context& /*context*/) override {
    if (end_ != nullptr) {
      *end_ = std::move(exit_);
    }
  }
  void miss(Cell& /*cell*/) override {}

 private:
  const std::shared_ptr<std::optional<Exit>> end_;  // the proxy's; null: it has room again
  Exit exit_;
};

class RemoteProcess final : public Remote {
 public:
  explicit RemoteProcess(std::shared_ptr<RemoteLink> link) : link_(std::move(link)) {}

  // The proxy tells the process, since only it sends.
  void given_up(Cell& cell, const AnswerBase& answer) noexcept override {
    try {
      if (link_->give_up(answer)) {
        cell.push(*new Nudge, cell.number());
      }
    } catch (const std::bad_alloc&) {  // the process finds out by the deadline
    }
  }
  Result<void> signal(int number) override { return link_->process().signal(number); }

 private:
  const std::shared_ptr<RemoteLink> link_;
};

// Takes replies, then tells the proxy how the process ended.
class ReplyReading final {
 public:
  ReplyReading(std::shared_ptr<RemoteLink> link, const Target& proxy,
               std::shared_ptr<std::optional<Exit>> end)
      : link_(std::move(link)), proxy_(proxy), end_(std::move(end)) {}

  void started(Context& context) {
    link_->read([this] { proxy_.cell->push(*new Nudge, proxy_.number); });
    link_->replies_ended();
    auto exit = join_or_kill(link_->process(), link_->is_linked() ? Deadline{kLetGo} : forever);
    if (exit) {
      proxy_.cell->push(*new Nudge{end_, *std::move(exit)}, proxy_.number);
    }
    context.stop();
  }

 private:
  const std::shared_ptr<RemoteLink> link_;
  const Target proxy_;
  const std::shared_ptr<std::optional<Exit>> end_;
};

// Passes on what the process writes to its error output, until it has ended.
class ErrorPassing final {
 public:
  explicit ErrorPassing(std::shared_ptr<RemoteLink> link) : link_(std::move(link)) {}

  void started(Context& context) {
    ErrorOutput& output = link_->error_output();
    for (;;) {
      // A process that it left behind may hold the writing end for long.
      std::array items{PollItem{{output.fd(), POLLIN}},
                       PollItem{{link_->process().sentinel(), POLLIN}}};
      if (!park(link_->runtime(), items, forever)) {
        break;
      }
      while (!ErrorOutput::can_pass_on(Duration::zero()) && !link_->runtime().stopping()) {
        (void)context.blocking([] { return ErrorOutput::can_pass_on(std::chrono::seconds{1}); });
      }
      if (!output.pass_on() || items[1].ready) {
        break;
      }
    }
    context.stop();
  }

 private:
  const std::shared_ptr<RemoteLink> link_;
};

// The life of a proxy.
class Forwarding final {
 public:
  Forwarding(RemoteLink& link, Context& context)
      : link_(link), context_(context), cell_(context.cell()), inbox_(context) {}

  // Until the process has ended, or is to.
  void run(const std::optional<Exit>& end) {
    while (!end && !cell_.ending() && !link_.runtime().stopping()) {
      pass_give_ups_on(end);
      const bool has_room = link_.has_room();
      if (Envelope* const envelope = has_room ? inbox_.take_any() : inbox_.hear();
          envelope != nullptr) {
        forward(*envelope, end);
        continue;
      }
      // A nudge that was heard just now is not heard again.
      const bool has_room_now = !has_room && link_.has_room();
      if (!end && !has_room_now && !link_.has_given_up() && !inbox_.wait(forever)) {
        return;
      }
    }
  }

  // Until the process has ended, for which it is told or, in the end, killed.
  Exit end_process() {
    link_.tell_to_stop();
    const Deadline its_own = earlier(link_.grace(), cell_.end_by());
    auto exit = join_or_kill(link_.process(), its_own);
    if (exit) {
      return *std::move(exit);
    }
    return context_.blocking([this, its_own] {
      return link_.end_blocking([&] { return earlier(its_own, cell_.system().end_by()); });
    });
  }

 private:
  void pass_give_ups_on(const std::optional<Exit>& end);
  void forward(Envelope& envelope, const std::optional<Exit>& end);
  Result<void> write(const RemoteMessage& message, const Envelope& envelope, AnswerBase* answer,
                     std::uint64_t& ask);
  // Null: it has been sent.
  std::optional<Error> send(AnswerBase* answer, const std::optional<Exit>& end);
  template <class Try>
  std::optional<Error> until_sent(const Try& try_it, const AnswerBase* answer,
                                  const std::optional<Exit>& end);
  void lose(const Error& why);

  RemoteLink& link_;
  Context& context_;
  Cell& cell_;
  InboxBase inbox_;
  Encoded frame_;
};

void Forwarding::forward(Envelope& envelope, const std::optional<Exit>& end) {
  const Operations& operations = *envelope.operations;
  const RemoteMessages messages = link_.messages();
  const auto found = std::ranges::find(messages, operations.type, &RemoteMessage::type);
  AnswerBase* const answer = operations.answer != nullptr ? operations.answer(envelope) : nullptr;
  if (found == messages.end()) {
    refuse_unhandled(cell_, envelope, answer);
    return;
  }
  (void)inbox_.begin(envelope);
  std::uint64_t ask = 0;
  const auto written = write(*found, envelope, answer, ask);
  if (answer != nullptr) {
    // Once the frame has left, the envelope is the asker's, who may be quick.
    frame_.own();
    operations.destroy(envelope);
    inbox_.end(envelope, answer);
  }
  const std::optional<Error> error = written ? send(answer, end) : std::optional{written.error()};
  if (answer == nullptr) {
    inbox_.end(envelope, nullptr);
    if (error) {
      lose(error->within("send " + std::string{found->type->name}));
    }
  } else if (error && link_.withdraw(ask) != nullptr) {
    answer->fail(error->within("ask " + cell_.text() + " with " + std::string{found->type->name}));
  }
}

Result<void> Forwarding::write(const RemoteMessage& message, const Envelope& envelope,
                               AnswerBase* answer, std::uint64_t& ask) {
  frame_.clear();
  Writer writer{frame_};
  writer.natural(
      static_cast<std::uint64_t>(answer != nullptr ? RemoteFrame::ask : RemoteFrame::tell));
  writer.natural(static_cast<std::uint64_t>(&message - link_.messages().data()));
  if (answer != nullptr) {
    ask = link_.expect(*answer, message);
    const Instant until = answer->deadline();
    writer.natural(ask);
    writer.integer(
        until == Instant::max() ? 0 : std::max<Duration::rep>(Deadline{until}.left().count(), 1));
  }
  try {
    message.write(writer, envelope);
  } catch (...) {  // a codec of the user's
    return Error{Code::invalid_argument, "it cannot be encoded: " + text_of_current_exception()};
  }
  return writer.finish();
}

std::optional<Error> Forwarding::send(AnswerBase* answer, const std::optional<Exit>& end) {
  return until_sent([this] { return link_.send(frame_, kLook); }, answer, end);
}

void Forwarding::pass_give_ups_on(const std::optional<Exit>& end) {
  for (auto given_up = link_.take_given_up(); given_up.answer != nullptr;
       given_up = link_.take_given_up()) {
    given_up.answer->fail(Error{Code::cancelled, "the ask was given up"});
    frame_.clear();
    Writer writer{frame_};
    writer.natural(static_cast<std::uint64_t>(RemoteFrame::give_up));
    writer.natural(given_up.ask);
    if (writer.finish()) {
      (void)until_sent([this] { return link_.send_notice(frame_, kLook); }, nullptr, end);
    }
  }
}

template <class Try>
std::optional<Error> Forwarding::until_sent(const Try& try_it, const AnswerBase* answer,
                                            const std::optional<Exit>& end) {
  for (;;) {
    const auto sent = try_it();
    if (sent) {
      return std::nullopt;
    }
    if (sent.error() != Code::timed_out) {
      return sent.error();
    }
    (void)inbox_.hear();
    if (end || cell_.ending()) {
      return Error{Code::closed, "it was told to stop"};
    }
    if (answer != nullptr && is_late(*answer)) {
      return Error{Code::timed_out, "its process took nothing until the deadline had passed"};
    }
  }
}

void Forwarding::lose(const Error& why) {
  cell_.system().count(Dropped::lost_on_link);
  cell_.count_drop();
  cell_.system().log_refusal(cell_, why.what());
}

}  // namespace

std::shared_ptr<Remote> make_remote(const std::shared_ptr<RemoteLink>& link) {
  return std::make_shared<RemoteProcess>(link);
}

Result<void> signal_process(const Target& target, int number) {
  const std::string doing = "send signal " + std::to_string(number) + " to ";
  if (target.cell == nullptr) {
    return Error{Code::closed, doing + "a process actor: the handle is empty"};
  }
  Cell& cell = *target.cell;
  if (number < 1) {
    return Error{Code::invalid_argument, doing + cell.text() + ": there is no such signal"};
  }
  if (const auto remote = cell.remote(target.number); remote != nullptr) {
    auto sent = remote->signal(number);
    return sent ? sent : sent.error().within(doing + cell.text());
  }
  if (!cell.is(target.number) || cell.type()->started == describe_actor<Proxy>().started) {
    return Error{Code::closed, doing + "a process actor: it has ended"};
  }
  return Error{Code::refused,
               doing + cell.text() +
                   ": it is an actor of this process, which has no signals of its own: send it a "
                   "message, or have it get those of this process (Signals::deliver_to)"};
}

Proxy::Proxy(std::shared_ptr<RemoteLink> link) noexcept : link_(std::move(link)) {}
Proxy::~Proxy() = default;

void Proxy::started(Context& context) {
  Cell& cell = context.cell();
  RuntimeCore& runtime = link_->runtime();
  const auto end = std::make_shared<std::optional<Exit>>();
  const Target self{&cell, cell.number()};
  (void)spawn<ReplyReading>(runtime, nullptr, &cell, link_, self, end);
  if (link_->error_output().fd() >= 0) {
    (void)spawn<ErrorPassing>(runtime, nullptr, &cell, link_);
  }
  Exit exit;
  try {
    Forwarding forwarding{*link_, context};
    forwarding.run(*end);
    exit = *end ? std::move(**end) : forwarding.end_process();
  } catch (...) {  // short of memory, for all that is known
    (void)link_->process().kill();
    (void)link_->close(cell.text(), {.kind = Exit::Kind::failed, .what = "its proxy failed"});
    throw;
  }

  link_->await_end_of_replies();
  (void)link_->error_output().pass_on();
  exit.who = link_->who(cell.text());
  if (const std::string lines = exit.ok() ? "" : link_->error_output().last_lines();
      !lines.empty()) {
    exit.what += (exit.what.empty() ? "" : "\n") + std::string{"its last error output:\n"} + lines;
  }
  cell.set_remote(nullptr);
  const std::uint64_t lost = link_->close(exit.who, exit);
  for (std::uint64_t i = 0; i < lost; ++i) {
    cell.system().count(Dropped::lost_on_link);
    cell.count_drop();
  }
  context.stop();
  cell.request_stop(std::move(exit));
}

}  // namespace troupe::actor
