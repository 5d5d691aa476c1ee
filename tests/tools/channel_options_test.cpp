// SPDX-License-Identifier: Apache-2.0
#include "tools/channel_options.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace troupe::tools {
namespace {

using namespace std::chrono_literals;

Result<ChannelOptions> parse(Way way, const std::vector<const char*>& arguments) {
  return parse_channel_options(way, arguments);
}

TEST(ChannelOptionsTest, RecvListensAndSendDialsUnlessToldOtherwise) {
  EXPECT_TRUE(parse(Way::recv, {"unix:/x"})->listen);
  EXPECT_FALSE(parse(Way::send, {"unix:/x"})->listen);
  EXPECT_FALSE(parse(Way::recv, {"unix:/x", "--dial"})->listen);
  EXPECT_TRUE(parse(Way::send, {"unix:/x", "--listen"})->listen);
}

TEST(ChannelOptionsTest, AnInheritedPipeIsNotListenedFor) {
  EXPECT_FALSE(parse(Way::recv, {"pipe:?in=0"})->listen);
  EXPECT_TRUE(parse(Way::recv, {"pipe:?in=0", "--listen"})->listen);
}

TEST(ChannelOptionsTest, OptionsMayStandOnEitherSideOfTheAddress) {
  const auto options =
      parse(Way::recv, {"--framing", "lines", "tcp://127.0.0.1:7000", "--count=3", "--binary"})
          .value();
  EXPECT_EQ(options.address, Address{"tcp://127.0.0.1:7000"});
  EXPECT_EQ(options.connect.framing, Framing::lines);
  EXPECT_EQ(options.count, 3U);
  EXPECT_TRUE(options.binary);
}

TEST(ChannelOptionsTest, EachHasADefault) {
  const auto options = parse(Way::send, {"unix:/x"}).value();
  EXPECT_EQ(options.connect.framing, Framing::python);
  EXPECT_EQ(options.connect.max_message, 64U << 20U);
  EXPECT_FALSE(options.timeout);
  EXPECT_TRUE(options.patience().is_never());
  EXPECT_TRUE(options.key_file.empty());
  EXPECT_EQ(options.connect.lost_after, 30s);
  EXPECT_FALSE(options.binary);
}

TEST(ChannelOptionsTest, SecondsMayHaveAFraction) {
  EXPECT_EQ(parse(Way::send, {"unix:/x", "--timeout", "0.5"})->timeout, 500ms);
  EXPECT_EQ(parse(Way::send, {"unix:/x", "--timeout", "0"})->timeout, 0ms);
}

TEST(ChannelOptionsTest, WhatIsWrongIsSaid) {
  const auto error_of = [](const std::vector<const char*>& arguments) {
    const auto parsed = parse(Way::recv, arguments);
    return parsed ? std::string{} : parsed.error().what();
  };
  EXPECT_NE(error_of({}).find("Name an address"), std::string::npos);
  EXPECT_EQ(error_of({"unix:/a", "unix:/b"}), "there are two addresses, unix:/a and unix:/b");
  EXPECT_EQ(error_of({"unix:/a", "--frob"}), "there is no option --frob");
  EXPECT_EQ(error_of({"unix:/a", "--timeout=-1"}),
            "--timeout takes seconds, as 5 or 0.5, not \"-1\"");
  EXPECT_NE(error_of({"unix:/a", "--timeout=nan"}), "");
  EXPECT_NE(error_of({"unix:/a", "--timeout=1e300"}), "");
  EXPECT_NE(error_of({"unix:/a", "--count=99999999999999999999"}), "");
  EXPECT_EQ(error_of({"unix:/a", "--binary=1"}), "--binary takes no value");
  EXPECT_EQ(error_of({"unix:/a", "--count"}), "--count needs a value");
}

TEST(ChannelOptionsTest, HelpNeedsNoAddress) {
  EXPECT_TRUE(parse(Way::recv, {"--help"})->help);
}

}  // namespace
}  // namespace troupe::tools
