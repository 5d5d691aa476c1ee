// SPDX-License-Identifier: Apache-2.0
// The handshake against bytes that were captured between Python processes
// (research/python-multiprocessing.md §3.2, key "secret") and against peers that lie.
#include "troupe/transports/auth/handshake.hpp"

#include "harness/raw_fd.hpp"
#include "transports/frames.hpp"
#include "troupe/transports/auth/digest.hpp"
#include "troupe/transports/socket/unix_transport.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

namespace troupe::harness {
namespace {

using transports::Direction;
using transports::FrameConnection;
using transports::Handshake;
using transports::hmac;
using transports::looks_like_challenge;
using transports::Progress;
using transports::UnixTransport;
using Role = Handshake::Role;
using Legacy = Handshake::Legacy;

const AuthKey kKey{"secret"};
const std::string kChallenge = "#CHALLENGE#";
const std::string kWelcome = "#WELCOME#";
const std::string kFailure = "#FAILURE#";

std::string text(std::span<const std::byte> bytes) {
  return std::string{text_of(bytes)};
}

std::string code_of(std::string_view digest, std::string_view message,
                    std::string_view key = "secret") {
  return text(hmac(digest, bytes_of(key), bytes_of(message)).value());
}

// One end runs a Handshake; the other is a script of raw frames.
class HandshakeTest : public testing::Test {
 protected:
  void begin(Role role, Legacy legacy = Legacy::accepted, AuthKey key = kKey) {
    auto ends = UnixTransport{}.pair({}, Direction::duplex, {}).value();
    ours_ = std::move(ends.first);
    ours_->set_receive_limit(Handshake::kLargestFrame);
    theirs_ = std::move(ends.second->hand_over().value().input);
    handshake_ = std::make_unique<Handshake>(std::move(key), role, legacy);
  }
  Result<Progress> step() { return handshake_->step(*ours_); }
  void expect_waiting() {
    const auto result = step();
    ASSERT_TRUE(result) << result.error().what();
    EXPECT_EQ(*result, Progress::would_block);
  }
  void expect_proven() {
    const auto result = step();
    ASSERT_TRUE(result) << result.error().what();
    EXPECT_EQ(*result, Progress::done);
  }
  Error expect_refused() {
    const auto result = step();
    EXPECT_FALSE(result);
    if (result) {
      return Error{Code::closed, "no error"};
    }
    EXPECT_EQ(result.error(), Code::refused) << result.error().what();
    EXPECT_NE(std::string_view{result.error().what()}.find("unix:"), std::string_view::npos);
    EXPECT_EQ(std::string_view{result.error().what()}.find("secret"), std::string_view::npos);
    return result.error();
  }

  void say_raw(std::string_view hex) { write_raw(theirs_.get(), from_hex(hex)); }
  void say(std::string_view body) {
    const std::string header{'\0', '\0', static_cast<char>(body.size() >> 8U),
                             static_cast<char>(body.size())};
    write_raw(theirs_.get(), header + std::string{body});
  }
  std::string hear() {
    const Bytes header = read_raw(theirs_.get(), 4);
    const auto size =
        std::to_integer<std::size_t>(header[2]) * 256 + std::to_integer<std::size_t>(header[3]);
    EXPECT_EQ(to_hex(std::span{header}.first(2)), "00 00");
    return text(read_raw(theirs_.get(), size));
  }
  // Reads our challenge; what it asks to be proven.
  std::string hear_challenge() {
    const std::string challenge = hear();
    EXPECT_EQ(challenge.size(), 59U);
    EXPECT_TRUE(challenge.starts_with(kChallenge + "{sha256}"));
    return challenge.substr(kChallenge.size());
  }

  std::unique_ptr<FrameConnection> ours_;
  UniqueFd theirs_;
  std::unique_ptr<Handshake> handshake_;
};

// ---- golden bytes ------------------------------------------------------------------------------

TEST_F(HandshakeTest, AnswersAPython311ListenerAsPython311Does) {
  begin(Role::client);
  expect_waiting();
  say_raw(
      "00 00 00 1f 23 43 48 41 4c 4c 45 4e 47 45 23 b4"
      "c5 3e 9e fc 40 d6 a3 03 ad 62 3b 06 c6 dd 5f 37 5b e7 ea");
  expect_waiting();
  EXPECT_EQ(to_hex(read_raw(theirs_.get(), 20)),
            "00 00 00 10 cb 40 e5 77 10 7c e0 06 5b 83 43 d2 d8 8d 05 b3");
  say_raw("00 00 00 09 23 57 45 4c 43 4f 4d 45 23");
  expect_waiting();

  // Python 3.11 answers ours with MD5 over all of it, the digest's name included.
  say(code_of("md5", hear_challenge()));
  expect_proven();
  EXPECT_EQ(to_hex(read_raw(theirs_.get(), 13)), "00 00 00 09 23 57 45 4c 43 4f 4d 45 23");

  // The first message of the application is untouched.
  say_raw("00 00 00 11 80 04 95 06 00 00 00 00 00 00 00 8c 02 68 69 94 2e");
  EXPECT_EQ(receive(*ours_).value().size(), 17U);
}

TEST_F(HandshakeTest, AnswersAPython313ListenerAsPython313Does) {
  begin(Role::client);
  say_raw(
      "00 00 00 3b 23 43 48 41 4c 4c 45 4e 47 45 23 7b"
      "73 68 61 32 35 36 7d f3 18 95 26 c7 e5 9f 2d 73"
      "6b 15 7f c7 fe c6 23 16 d4 e5 7e c0 f5 c9 cb f8"
      "7d 57 1c 2e 35 6c 58 c5 4c 5b ba 8f 39 29 a4");
  expect_waiting();
  EXPECT_EQ(to_hex(read_raw(theirs_.get(), 44)),
            "00 00 00 28 7b 73 68 61 32 35 36 7d 7a 1b e7 19"
            " b1 47 03 c9 54 6f ef b0 80 80 7d 68 1a ef 13 15"
            " f0 34 03 30 ad 33 90 45 22 71 39 3a");
  say(kWelcome);
  expect_waiting();
  say("{sha256}" + code_of("sha256", hear_challenge()));
  expect_proven();
  EXPECT_EQ(hear(), kWelcome);
}

TEST_F(HandshakeTest, ListensToAPython311Client) {
  begin(Role::listener);
  expect_waiting();
  say(code_of("md5", hear_challenge()));
  expect_waiting();
  EXPECT_EQ(hear(), kWelcome);
  say_raw(
      "00 00 00 1f 23 43 48 41 4c 4c 45 4e 47 45 23 24 fe 23 27 fc bd bd 17 c4 af 23 5a 5c 1b 88"
      "27 6d be 16 93");
  expect_waiting();
  EXPECT_EQ(to_hex(read_raw(theirs_.get(), 20)),
            "00 00 00 10 d4 13 f0 eb 56 ca 79 62 c7 8c 48 97 29 29 c4 a4");
  say(kWelcome);
  expect_proven();
}

TEST_F(HandshakeTest, ListensToAPython313Client) {
  begin(Role::listener, Legacy::refused);
  expect_waiting();
  say("{sha256}" + code_of("sha256", hear_challenge()));
  expect_waiting();
  EXPECT_EQ(hear(), kWelcome);
  const std::string asked = "{sha256}" + std::string(40, 'r');
  say(kChallenge + asked);
  expect_waiting();
  EXPECT_EQ(hear(), "{sha256}" + code_of("sha256", asked));
  say(kWelcome);
  expect_proven();
  expect_proven();  // it stays so
}

TEST_F(HandshakeTest, BothOfOurEndsProveTheKeyToEachOther) {
  for (const std::string& key :
       {std::string{"secret"}, std::string(4096, 'k'), std::string{"\0", 1}}) {
    auto ends = UnixTransport{}.pair({}, Direction::duplex, {}).value();
    Handshake listener{AuthKey{key}, Role::listener, Legacy::refused};
    Handshake client{AuthKey{key}, Role::client, Legacy::refused};
    Progress listening = Progress::would_block;
    Progress connecting = Progress::would_block;
    for (int i = 0; i < 10 && (listening != Progress::done || connecting != Progress::done); ++i) {
      listening = listener.step(*ends.first).value();
      connecting = client.step(*ends.second).value();
    }
    EXPECT_EQ(listening, Progress::done);
    EXPECT_EQ(connecting, Progress::done);
    EXPECT_TRUE(is_silent(*ends.first));
    EXPECT_TRUE(is_silent(*ends.second));
  }
}

TEST_F(HandshakeTest, GoesOnWithBytesThatComeOneByOne) {
  begin(Role::client);
  const Bytes stream = from_hex(
      "00 00 00 1f 23 43 48 41 4c 4c 45 4e 47 45 23 b4"
      "c5 3e 9e fc 40 d6 a3 03 ad 62 3b 06 c6 dd 5f 37 5b e7 ea"
      "00 00 00 09 23 57 45 4c 43 4f 4d 45 23");
  for (const std::byte byte : stream) {
    write_raw(theirs_.get(), std::span{&byte, 1});
    expect_waiting();
  }
  (void)read_raw(theirs_.get(), 20);
  say(code_of("md5", hear_challenge()));
  expect_proven();
}

TEST_F(HandshakeTest, EveryChallengeIsNew) {
  begin(Role::listener);
  expect_waiting();
  const std::string first = hear_challenge();
  begin(Role::listener);
  expect_waiting();
  EXPECT_NE(hear_challenge(), first);
}

// AU-03: the answer to a challenge that names a digest names it too, and verifies.
TEST_F(HandshakeTest, AnswersWithTheDigestThatTheChallengeNames) {
  for (const std::string name : {"sha256", "sha384", "sha3_256", "sha3_384", "md5"}) {
    begin(Role::client);
    const std::string asked = "{" + name + "}" + std::string(40, 'r');
    say(kChallenge + asked);
    expect_waiting();
    EXPECT_EQ(hear(), "{" + name + "}" + code_of(name, asked));
  }
}

TEST_F(HandshakeTest, AcceptsAnAnswerByAnyDigestOfTheList) {
  for (const std::string name : {"sha256", "sha384", "sha3_256", "sha3_384", "md5"}) {
    begin(Role::listener);
    expect_waiting();
    say("{" + name + "}" + code_of(name, hear_challenge()));
    expect_waiting();
    EXPECT_EQ(hear(), kWelcome) << name;
  }
}

// ---- MD5 ---------------------------------------------------------------------------------------

TEST_F(HandshakeTest, Md5IsRefusedInEveryFormWhereItIsNotAccepted) {
  for (const bool named : {false, true}) {
    begin(Role::listener, Legacy::refused);
    expect_waiting();
    say((named ? "{md5}" : "") + code_of("md5", hear_challenge()));
    (void)expect_refused();
    EXPECT_EQ(hear(), kFailure);

    begin(Role::client, Legacy::refused);
    say(kChallenge + (named ? "{md5}" + std::string(40, 'r') : std::string(20, 'r')));
    const Error error = expect_refused();
    if (!named) {
      EXPECT_NE(std::string_view{error.what()}.find("MD5"), std::string_view::npos);
    }
    EXPECT_FALSE(is_readable(theirs_.get())) << "nothing that the key made was told";
  }
}

// ---- lies --------------------------------------------------------------------------------------

TEST_F(HandshakeTest, AWrongAnswerIsToldAndRefused) {  // AU-01
  const auto answers = [](const std::string& asked) {
    std::string flipped = code_of("sha256", asked);
    flipped.back() = static_cast<char>(flipped.back() ^ 1);
    return std::vector<std::string>{
        "bogus",
        "",
        std::string(16, '\0'),
        "{sha256}",
        "{sha256}" + std::string(32, '\0'),
        "{sha256}" + code_of("sha256", asked, "Secret"),
        "{sha256}" + flipped,
        "{sha256}" + code_of("sha256", asked).substr(0, 31),
        "{sha256}" + code_of("sha256", asked) + "x",
        "{sha256}" + code_of("sha256", asked.substr(8)),  // without the digest's name
        "{sha384}" + code_of("sha256", asked),
        "{sha1}" + std::string(20, 'x'),
        "{}" + code_of("sha256", asked),
        "{" + std::string(200, 'x'),
        code_of("sha256", asked),
        code_of("md5", asked.substr(8)),
        kWelcome,
        asked,
    };
  };
  const std::size_t count = answers(std::string(48, 'r')).size();
  for (std::size_t i = 0; i < count; ++i) {
    begin(Role::listener);
    expect_waiting();
    const std::string answer = answers(hear_challenge()).at(i);
    say(answer);
    const Error error = expect_refused();
    EXPECT_NE(std::string_view{error.what()}.find("does not know the key"), std::string_view::npos)
        << "W23: one answer to every wrong proof";
    EXPECT_EQ(hear(), kFailure) << to_hex(bytes_of(answer));
  }
}

TEST_F(HandshakeTest, ABogusVerdictIsRefused) {  // AU-02
  for (const std::string& verdict :
       {std::string{"bogus"}, std::string{}, kFailure, kWelcome + "x", kWelcome.substr(1),
        std::string{"#welcome#"}, std::string(256, 'W')}) {
    begin(Role::client);
    say(kChallenge + std::string(20, 'r'));
    say(verdict);
    (void)expect_refused();
  }
}

TEST_F(HandshakeTest, WhatIsNoChallengeIsRefused) {
  for (const std::string& frame :
       {std::string{"hello"}, std::string{}, kChallenge, kChallenge + std::string(19, 'r'),
        "x" + kChallenge + std::string(20, 'r'), kChallenge + std::string(21, 'r'),
        kChallenge + "{sha1}" + std::string(40, 'r'), kChallenge + "{" + std::string(40, 'r')}) {
    begin(Role::client);
    say(frame);
    (void)expect_refused();
    EXPECT_FALSE(is_readable(theirs_.get())) << "nothing that the key made was told";
  }
}

TEST_F(HandshakeTest, AFrameAboveTheLimitOfAHandshakeIsRefusedAtOnce) {
  begin(Role::listener);
  expect_waiting();
  (void)hear_challenge();
  say_raw("7f ff ff ff");
  (void)expect_refused();

  begin(Role::client);
  say_raw("00 00 01 01");
  (void)expect_refused();
}

TEST_F(HandshakeTest, APeerThatHangsUpWasRefused) {
  for (int frames = 0; frames < 3; ++frames) {
    begin(Role::client);
    if (frames > 0) {
      say(kChallenge + std::string(20, 'r'));
      expect_waiting();
      (void)hear();
    }
    if (frames > 1) {
      say(kWelcome);
      expect_waiting();
      (void)hear_challenge();
    }
    theirs_.reset();
    const Error error = expect_refused();
    EXPECT_NE(std::string_view{error.what()}.find("does the peer use a key?"),
              std::string_view::npos);
  }
}

TEST_F(HandshakeTest, AListenerThatDoesNotProveTheKeyIsRefused) {
  begin(Role::client);
  say(kChallenge + std::string(20, 'r'));
  say(kWelcome);  // it knows nothing, and welcomes anybody
  expect_waiting();
  (void)hear();
  (void)hear_challenge();
  say(std::string(16, '\0'));
  (void)expect_refused();
  EXPECT_EQ(hear(), kFailure);
}

// ---- a key on one side only --------------------------------------------------------------------

TEST(ChallengeTest, LooksLikeOneInBothForms) {
  EXPECT_TRUE(looks_like_challenge(bytes_of(kChallenge + std::string(20, 'r'))));
  EXPECT_TRUE(looks_like_challenge(bytes_of(kChallenge + "{sha256}" + std::string(40, 'r'))));
  EXPECT_FALSE(looks_like_challenge(bytes_of(kChallenge)));
  EXPECT_FALSE(looks_like_challenge(bytes_of(kChallenge + std::string(100, 'r'))));
  EXPECT_FALSE(looks_like_challenge({}));
}

// ---- digests -----------------------------------------------------------------------------------

TEST(DigestTest, KnowsTheNamesThatPythonAllows) {
  EXPECT_EQ(hmac("md5", bytes_of("key"), {}).value().size(), 16U);
  EXPECT_EQ(hmac("sha256", bytes_of("key"), {}).value().size(), 32U);
  EXPECT_EQ(hmac("sha384", bytes_of("key"), {}).value().size(), 48U);
  EXPECT_EQ(hmac("sha3_256", bytes_of("key"), {}).value().size(), 32U);
  EXPECT_EQ(hmac("sha3_384", bytes_of("key"), {}).value().size(), 48U);
  for (const char* name : {"", "sha1", "SHA256", "sha512", "md4"}) {
    EXPECT_FALSE(hmac(name, bytes_of("key"), {})) << name;
  }
}

TEST(DigestTest, MakesTheCodesOfRfc4231) {  // test case 2
  EXPECT_EQ(
      to_hex(hmac("sha256", bytes_of("Jefe"), bytes_of("what do ya want for nothing?")).value()),
      "5b dc c1 46 bf 60 75 4e 6a 04 24 26 08 95 75 c7 5a 00 3f 08 9d 27 39 83 9d ec 58 b9 64"
      " ec 38 43");
}

TEST(DigestTest, ComparesWholeCodes) {
  using transports::equal_in_constant_time;
  EXPECT_TRUE(equal_in_constant_time(bytes_of("abc"), bytes_of("abc")));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
  EXPECT_FALSE(equal_in_constant_time(bytes_of("abc"), bytes_of("abd")));
  EXPECT_FALSE(equal_in_constant_time(bytes_of("abc"), bytes_of("ab")));
}

}  // namespace
}  // namespace troupe::harness
