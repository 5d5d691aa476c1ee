// SPDX-License-Identifier: Apache-2.0
#include "tools/connect_options.hpp"

#include "harness/temporary_directory.hpp"
#include "tools/arguments.hpp"
#include "tools/channel_options.hpp"
#include "tools/look_options.hpp"
#include "tools/queue_options.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace troupe::tools {
namespace {

using namespace std::chrono_literals;

Result<ConnectChoice> parse(const std::vector<const char*>& arguments) {
  Arguments at{arguments};
  ConnectChoice choice;
  while (at.next()) {
    const auto taken = take_connect_option(at, choice);
    if (!taken) return wrong(std::string{at.text()} + " is not taken");
    if (!*taken) return taken->error();
  }
  return choice;
}

std::string error_of(const std::vector<const char*>& arguments) {
  const auto parsed = parse(arguments);
  return parsed ? std::string{} : parsed.error().what();
}

TEST(ConnectOptionsTest, EachArrivesWhereItBelongs) {
  const auto choice =
      parse({"--authkey-file", "key", "--lost-after", "2.5", "--certificate=mine", "--private-key",
             "own", "--trust", "them", "--peer-name", "hosta", "--curve-key", "a.key_secret",
             "--curve-server=b.key", "--curve-clients", "known"})
          .value();
  EXPECT_EQ(choice.key_file, "key");
  EXPECT_EQ(choice.connect.lost_after, 2500ms);
  EXPECT_EQ(choice.connect.tls.certificate, "mine");
  EXPECT_EQ(choice.connect.tls.private_key, "own");
  EXPECT_EQ(choice.connect.tls.trust, "them");
  EXPECT_EQ(choice.connect.tls.peer_name, "hosta");
  EXPECT_EQ(choice.connect.curve.secret_key, "a.key_secret");
  EXPECT_EQ(choice.connect.curve.server_key, "b.key");
  EXPECT_EQ(choice.connect.curve.clients, "known");
}

TEST(ConnectOptionsTest, OthersAreNotTaken) {
  EXPECT_EQ(error_of({"--count", "3"}), "--count is not taken");
  EXPECT_EQ(error_of({"unix:/x"}), "unix:/x is not taken");
}

TEST(ConnectOptionsTest, WhatIsWrongIsSaid) {
  for (const std::string option : {"--authkey-file", "--certificate", "--private-key", "--trust",
                                   "--curve-key", "--curve-server", "--curve-clients"}) {
    EXPECT_EQ(error_of({option.c_str()}), option + " needs a value");
    EXPECT_EQ(error_of({(option + "=").c_str()}), option + " takes a path");
  }
  EXPECT_EQ(error_of({"--peer-name"}), "--peer-name needs a value");
  EXPECT_EQ(error_of({"--lost-after"}), "--lost-after needs a value");
  EXPECT_EQ(error_of({"--lost-after=soon"}),
            "--lost-after takes seconds, as 5 or 0.5, not \"soon\"");
  EXPECT_EQ(error_of({"--lost-after=1.9"}), "--lost-after takes at least 2 seconds, not \"1.9\"");
  EXPECT_EQ(error_of({"--lost-after=2"}), "");
}

TEST(ConnectOptionsTest, TheKeyComesFromItsFileAndTheRestStays) {
  const harness::TemporaryDirectory directory;
  const std::string file = directory.file("key");
  std::ofstream{file} << "secret\n";
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  const auto options =
      parse({"--authkey-file", file.c_str(), "--trust", "them"}).value().with_key().value();
  EXPECT_EQ(troupe::text_of(options.key.secret()), "secret");
  EXPECT_EQ(options.tls.trust, "them");
}

TEST(ConnectOptionsTest, WithoutAKeyFileThereIsNoKey) {
  EXPECT_TRUE(parse({}).value().with_key().value().key.empty());
}

TEST(ConnectOptionsTest, AKeyFileThatIsNotThereIsNamed) {
  const harness::TemporaryDirectory directory;
  const std::string file = directory.file("none");
  const auto options = parse({"--authkey-file", file.c_str()}).value().with_key();
  ASSERT_FALSE(options);
  EXPECT_NE(std::string{options.error().what()}.find(file), std::string::npos);
}

TEST(ConnectOptionsTest, EveryCommandThatConnectsTakesThem) {
  using Line = std::vector<const char*>;
  for (const Way way : {Way::send, Way::recv}) {
    const auto options = parse_channel_options(way, Line{"tls://hosta:7000", "--trust", "them"});
    EXPECT_EQ(options.value().connect.tls.trust, "them") << name_of(way);
  }
  for (const char* verb : {"serve", "put", "take", "peek", "stat", "dead", "close"}) {
    const auto command = parse_queue_command(Line{verb, "tls://hosta:7000", "--trust", "them"});
    EXPECT_EQ(command.value().connect.tls.trust, "them") << verb;
  }
  for (const Look look : {Look::ps, Look::why, Look::stacks, Look::top}) {
    Line line{"tls://hosta:7000", "--trust", "them"};
    if (look == Look::why) line.push_back("anna");
    const auto options = parse_look_options(look, line);
    EXPECT_EQ(options.value().target.value().choice.connect.tls.trust, "them") << name_of(look);
  }
}

TEST(ConnectOptionsTest, TheirUsagesEndWithThem) {
  for (const std::string& usage :
       {channel_usage(Way::send), channel_usage(Way::recv), queue_usage(), look_usage(Look::ps),
        look_usage(Look::why), look_usage(Look::stacks), look_usage(Look::top)}) {
    EXPECT_TRUE(usage.ends_with(connect_usage())) << usage;
  }
}

}  // namespace
}  // namespace troupe::tools
