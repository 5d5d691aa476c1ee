// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/remote_link.hpp"

#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

namespace troupe::actor {
namespace {

// So often it is looked whether the time that a process has left has become shorter.
constexpr Duration kLook = std::chrono::milliseconds{100};
// How long a process that was sent SIGKILL may take to be gone.
constexpr Duration kKillTime = std::chrono::seconds{10};

}  // namespace

// ---- making one --------------------------------------------------------------------------------

Result<RemoteEnds> make_remote_ends(RuntimeCore& runtime, const ProcessActorOptions& options,
                                    std::string_view class_name) {
  auto ends = connect_ends(runtime, options.over, transports::Direction::duplex, true);
  if (!ends) {
    return ends.error().within("start a process actor");
  }
  std::array<int, 2> pipe{-1, -1};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    return Error::system("make the error output of a process actor", errno);
  }
  Window window;
  window.messages = static_cast<std::uint32_t>(
      std::clamp<std::size_t>(options.mailbox.capacity, 1, window.messages));
  window.bytes = std::clamp<std::uint64_t>(options.mailbox.capacity_bytes, 1, window.bytes);
  return RemoteEnds{std::move(ends->first),
                    UniqueFd{pipe[0]},
                    {std::move(ends->second), UniqueFd{pipe[1]},
                     options.name.empty() ? std::string{class_name} : options.name, window}};
}

std::shared_ptr<RemoteLink> make_remote_link(RuntimeCore& runtime, Process process, RemoteEnds ends,
                                             RemoteMessages messages, Duration grace) {
  return std::make_shared<RemoteLink>(runtime, std::move(process), std::move(ends), messages,
                                      grace);
}

std::shared_ptr<RemoteLink> make_remote_link(RuntimeCore& runtime, Process process,
                                             Duration grace) {
  return std::make_shared<RemoteLink>(runtime, std::move(process), RemoteEnds{}, RemoteMessages{},
                                      grace);
}

RemoteLink::RemoteLink(RuntimeCore& runtime, Process process, RemoteEnds ends,
                       RemoteMessages messages, Duration grace)
    : runtime_(runtime),
      process_(std::move(process)),
      connection_(std::move(ends.here)),
      linked_(connection_.fileno() >= 0),
      error_output_(std::move(ends.error_output)),
      messages_(messages),
      window_(ends.there.window),
      grace_(grace) {}

std::string RemoteLink::who(const std::string& actor) const {
  return actor + " (pid " + std::to_string(process_.pid()) + ")";
}

// ---- the proxy ---------------------------------------------------------------------------------

bool RemoteLink::has_room() const noexcept {
  const std::lock_guard lock{lock_};
  return has_room_now();
}

std::uint64_t RemoteLink::expect(AnswerBase& answer, const RemoteMessage& message) {
  const std::lock_guard lock{lock_};
  const std::uint64_t number = ++last_ask_;
  asks_.emplace(number, Ask{&answer, &message});
  return number;
}

bool RemoteLink::give_up(const AnswerBase& answer) {
  const std::lock_guard lock{lock_};
  const auto found =
      std::ranges::find_if(asks_, [&](const auto& each) { return each.second.answer == &answer; });
  if (found == asks_.end()) {
    return false;  // it has not left the mailbox, or is answered
  }
  given_up_.push_back(found->first);
  return true;
}

bool RemoteLink::has_given_up() const noexcept {
  const std::lock_guard lock{lock_};
  return !given_up_.empty();
}

RemoteLink::GivenUp RemoteLink::take_given_up() noexcept {
  const std::lock_guard lock{lock_};
  while (!given_up_.empty()) {
    const std::uint64_t number = given_up_.front();
    given_up_.pop_front();
    if (const auto found = asks_.find(number); found != asks_.end()) {
      AnswerBase* const answer = found->second.answer;
      asks_.erase(found);
      return {number, answer};
    }
  }
  return {};
}

AnswerBase* RemoteLink::withdraw(std::uint64_t ask) noexcept {
  const std::lock_guard lock{lock_};
  const auto found = asks_.find(ask);
  if (found == asks_.end()) {
    return nullptr;
  }
  AnswerBase* const answer = found->second.answer;
  asks_.erase(found);
  return answer;
}

Result<void> RemoteLink::send(Encoded& frame, Deadline until) {
  const std::size_t size = frame.size();
  {
    const std::lock_guard lock{lock_};
    ++messages_out_;
    bytes_out_ += size;
  }
  auto sent = connection_.offer_message(frame, until);
  if (!sent) {
    const std::lock_guard lock{lock_};
    --messages_out_;
    bytes_out_ -= std::min<std::uint64_t>(bytes_out_, size);
  }
  return sent;
}

Result<void> RemoteLink::send_notice(Encoded& frame, Deadline until) {
  return connection_.offer_message(frame, until);
}

void RemoteLink::tell_to_stop() {
  Encoded frame;
  Writer writer{frame};
  writer.natural(static_cast<std::uint64_t>(RemoteFrame::stop));
  if (!writer.finish() || !send_notice(frame, Deadline::at_once())) {
    (void)process_.terminate();
  }
}

Exit RemoteLink::end_blocking(const std::function<Deadline()>& until) {
  const auto end = [this](const std::function<Deadline()>& its_until) {
    std::array items{PollItem{{process_.sentinel(), POLLIN}},
                     PollItem{{error_output_.fd(), POLLIN}}};
    std::span<PollItem> some{items};
    while (!process_.exit() && !its_until().passed()) {
      if (runtime_.poller().wait(some, earlier(its_until(), kLook)) && !error_output_.pass_on()) {
        some = some.first(1);
      }
    }
  };
  end(until);
  if (!process_.exit()) {
    (void)process_.kill();
    end([killed = Deadline{kKillTime}] { return killed; });
  }
  return process_.exit().value_or(
      Exit{.kind = Exit::Kind::unreachable, .what = "it does not end, although it was killed"});
}

void RemoteLink::await_end_of_replies() {
  std::unique_lock lock{lock_};
  while (!ended_ &&
         end_.wait(runtime_, lock, std::chrono::seconds{1}) == fiber::Waiter::Outcome::fired) {
  }
}

std::uint64_t RemoteLink::close(const std::string& who, const Exit& exit) {
  std::unordered_map<std::uint64_t, Ask> asks;
  std::uint64_t lost = 0;
  {
    const std::lock_guard lock{lock_};
    asks = std::exchange(asks_, {});
    lost = messages_out_ > asks.size() ? messages_out_ - asks.size() : 0;
  }
  for (const auto& [number, ask] : asks) {
    ask.answer->fail(Error{exit.ok() ? Code::closed : Code::disconnected,
                           "ask " + who + " with " + std::string{ask.message->type->name} +
                               ": it ended before it answered: " + exit.text(),
                           Effect::unknown});
  }
  return lost;
}

// ---- who reads ---------------------------------------------------------------------------------

void RemoteLink::read(const std::function<void()>& has_room) {
  Incoming incoming;
  const DecodeLimits limits;
  while (connection_.receive_message(incoming, forever)) {
    Reader reader{incoming, limits};
    if (auto read = read_one(reader, has_room); !read) {
      runtime_.log().write("what process " + std::to_string(process_.pid()) +
                           " said is of no use: " + read.error().what());
      (void)process_.kill();
      return;
    }
    if (reader.failed()) {
      connection_.drop_fds();
    }
  }
}

Result<void> RemoteLink::read_one(Reader& reader, const std::function<void()>& has_room) {
  const auto kind = read_kind(reader);
  if (!kind) {
    return kind.error();
  }
  if (*kind < RemoteFrame::reply || *kind == RemoteFrame::give_up) {
    return Error{Code::malformed, "a frame that only goes the other way"};
  }
  std::uint64_t number = 0;
  if (*kind != RemoteFrame::credit) {
    auto ask = reader.value<std::uint64_t>();
    if (!ask) {
      return ask.error();
    }
    number = *ask;
  }
  const auto done = reader.value<Done>();
  if (!done) {
    return done.error();
  }
  Ask ask;
  bool has_room_again = false;
  {
    const std::lock_guard lock{lock_};
    const bool had_room = has_room_now();
    messages_out_ -= std::min(messages_out_, done->messages);
    bytes_out_ -= std::min(bytes_out_, done->bytes);
    has_room_again = !had_room && has_room_now();
    if (const auto found = asks_.find(number); found != asks_.end()) {
      ask = found->second;
      asks_.erase(found);
    }
  }
  if (has_room_again) {
    has_room();
  }
  if (*kind == RemoteFrame::reply && ask.answer != nullptr) {
    ask.message->answer(*ask.answer, reader);
  } else if (*kind == RemoteFrame::error && ask.answer != nullptr) {
    auto error = reader.value<RemoteError>();
    ask.answer->fail(error ? from_wire(*error) : error.error());
  }
  return {};
}

void RemoteLink::replies_ended() {
  const std::lock_guard lock{lock_};
  ended_ = true;
  end_.announce();
}

}  // namespace troupe::actor
