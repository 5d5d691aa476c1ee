// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/auth/handshake.hpp"

#include "troupe/base/random.hpp"
#include "troupe/transports/auth/digest.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace troupe::transports {
namespace {

// Part of the wire format.
constexpr std::string_view kChallenge = "#CHALLENGE#";
constexpr std::string_view kWelcome = "#WELCOME#";
constexpr std::string_view kFailure = "#FAILURE#";
constexpr std::string_view kPrefix = "{sha256}";
constexpr std::size_t kRandomBytes = 40;
constexpr std::size_t kLegacyChallenge = 20;  // random bytes, without a digest's name
constexpr std::size_t kLegacyAnswer = 16;     // an MD5 code, without a digest's name

// One answer to every failed proof, whatever was wrong with it.
Error wrong_key(const FrameConnection& connection) {
  return Error{Code::refused, "authenticate with " + connection.peer().text() +
                                  ": the peer does not know the key; give both ends the same key "
                                  "(ConnectOptions::key, --authkey-file)"};
}

Error not_a_handshake(const FrameConnection& connection, std::size_t size) {
  return Error{Code::refused, "authenticate with " + connection.peer().text() +
                                  ": expected a step of the "
                                  "handshake, found a message of " +
                                  std::to_string(size) + " bytes; does the peer use a key?"};
}

// {name}rest -> name and rest.
struct Named {
  std::string_view digest;
  std::span<const std::byte> rest;
};

std::optional<Named> split_prefix(std::span<const std::byte> message) {
  const std::string_view text = text_of(message);
  const std::size_t end = text.substr(0, 16).find('}');
  if (!text.starts_with('{') || end == std::string_view::npos) {
    return std::nullopt;
  }
  return Named{text.substr(1, end - 1), message.subspan(end + 1)};
}

Bytes concatenated(std::string_view first, std::span<const std::byte> second) {
  const auto head = bytes_of(first);
  Bytes whole(head.begin(), head.end());
  whole.insert(whole.end(), second.begin(), second.end());
  return whole;
}

}  // namespace

bool looks_like_challenge(std::span<const std::byte> body) noexcept {
  return text_of(body).starts_with(kChallenge) &&
         (body.size() == kChallenge.size() + kLegacyChallenge ||
          body.size() == kChallenge.size() + kPrefix.size() + kRandomBytes);
}

Result<Progress> Handshake::step(FrameConnection& connection) {
  for (;;) {
    if (state_ == State::done) {
      return Progress::done;
    }
    if (state_ == State::challenge) {
      std::array<std::byte, kRandomBytes> random{};
      fill_random(random);
      challenge_ = concatenated(kPrefix, random);
      if (auto sent = send(connection, concatenated(kChallenge, challenge_)); !sent) {
        return sent;
      }
      state_ = State::await_answer;
      continue;
    }
    IncomingFrame frame;
    const auto received = connection.try_receive(frame);
    if (!received) {
      // A peer that hangs up, or speaks another protocol, has not proven anything.
      return received.error().code() == Code::closed || received.error().code() == Code::malformed
                 ? Error{Code::refused, "authenticate with " + connection.peer().text() + ": " +
                                            received.error().what() + "; does the peer use a key?"}
                 : received.error();
    }
    if (*received == Progress::would_block) {
      return Progress::would_block;
    }
    if (auto taken = take(connection, frame.body); !taken) {
      return taken.error();
    }
  }
}

// What the peer said, in the state that waits for it.
Result<void> Handshake::take(FrameConnection& connection, std::span<const std::byte> body) {
  switch (state_) {
    case State::await_answer:
      if (auto checked = check_answer(connection, body); !checked) {
        return checked;
      }
      next_half();
      return {};
    case State::await_challenge:
      if (auto answered = answer_challenge(connection, body); !answered) {
        return answered;
      }
      state_ = State::await_verdict;
      return {};
    default:
      if (text_of(body) != kWelcome) {
        return text_of(body) == kFailure ? wrong_key(connection)
                                         : not_a_handshake(connection, body.size());
      }
      next_half();
      return {};
  }
}

void Handshake::next_half() {
  // The listener challenges first, so its second half is the client's first.
  const bool challenged = state_ == State::await_answer;
  state_ = !first_half_ ? State::done : challenged ? State::await_challenge : State::challenge;
  first_half_ = false;
}

Result<Progress> Handshake::send(FrameConnection& connection, std::span<const std::byte> body) {
  const std::array pieces{body};
  OutgoingFrame frame{.pieces = pieces, .fds = {}, .size = body.size()};
  auto sent = connection.try_send(frame, Lane::data, When::now);
  if (sent && *sent == Progress::would_block) {
    return Error{Code::refused,
                 "authenticate with " + connection.peer().text() + ": the peer does not read"};
  }
  return sent;
}

std::optional<Bytes> Handshake::code_for(std::string_view digest,
                                         std::span<const std::byte> message) {
  if (digest == "md5" && legacy_ == Legacy::refused) {
    return std::nullopt;
  }
  return hmac(digest, key_.secret(), message);
}

Result<void> Handshake::check_answer(FrameConnection& connection,
                                     std::span<const std::byte> answer) {
  std::optional<Bytes> expected;
  if (answer.size() == kLegacyAnswer) {
    expected = code_for("md5", challenge_);
  } else if (const auto named = split_prefix(answer)) {
    expected = code_for(named->digest, challenge_);
    answer = named->rest;
  }
  if (!expected || !equal_in_constant_time(*expected, answer)) {
    (void)send(connection, bytes_of(kFailure));  // the peer is told; it is over either way
    return wrong_key(connection);
  }
  if (auto sent = send(connection, bytes_of(kWelcome)); !sent) {
    return sent.error();
  }
  return {};
}

Result<void> Handshake::answer_challenge(FrameConnection& connection,
                                         std::span<const std::byte> frame) {
  if (!text_of(frame).starts_with(kChallenge) ||
      frame.size() < kChallenge.size() + kLegacyChallenge) {
    return not_a_handshake(connection, frame.size());
  }
  const auto message = frame.subspan(kChallenge.size());
  Bytes answer;
  if (message.size() == kLegacyChallenge) {
    auto code = code_for("md5", message);
    if (!code) {
      return Error{Code::refused,
                   "authenticate with " + connection.peer().text() +
                       ": the peer asks for MD5, as Python before 3.12 does; that is "
                       "accepted on unix: and loopback only"};
    }
    answer = std::move(*code);
  } else {
    const auto named = split_prefix(message);
    const auto code = named ? code_for(named->digest, message) : std::nullopt;
    if (!code) {
      return Error{Code::refused, "authenticate with " + connection.peer().text() +
                                      ": the peer asks for a digest that is not known here"};
    }
    answer = concatenated("{" + std::string{named->digest} + "}", *code);
  }
  if (auto sent = send(connection, answer); !sent) {
    return sent.error();
  }
  return {};
}

}  // namespace troupe::transports
