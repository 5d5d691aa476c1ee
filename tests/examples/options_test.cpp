// SPDX-License-Identifier: Apache-2.0
#include "wordcount/options.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace wordcount {
namespace {

troupe::Result<Options> parse(const std::vector<const char*>& arguments) {
  return parse_options(arguments);
}

std::string error_of(const std::vector<const char*>& arguments) {
  const auto options = parse(arguments);
  return options ? "" : options.error().what();
}

TEST(OptionsTest, ByDefaultTheSystemHeadersAreCountedOverUnixSockets) {
  const auto options = parse({}).value();
  EXPECT_EQ(options.transport, "shm");
  EXPECT_EQ(options.input.directory, "/usr/include");
  EXPECT_TRUE(options.input.headers_only);
  EXPECT_EQ(options.top, 20U);
  EXPECT_GE(options.workers, 1U);
  EXPECT_FALSE(options.verify);
}

TEST(OptionsTest, OptionsTakeTheirValueAfterASpaceOrAnEqualsSign) {
  const auto options =
      parse({"--transport", "tcp", "--workers=3", "--input", "/x", "--top=0", "--verify"}).value();
  EXPECT_EQ(options.transport, "tcp");
  EXPECT_EQ(options.workers, 3U);
  EXPECT_EQ(options.input.directory, "/x");
  EXPECT_EQ(options.top, 0U);
  EXPECT_TRUE(options.verify);
}

TEST(OptionsTest, OfANamedDirectoryAllFilesAreCounted) {
  EXPECT_FALSE(parse({"--input", "/usr/include"})->input.headers_only);
}

TEST(OptionsTest, AnUnknownTransportIsAnErrorThatNamesThoseThereAre) {
  EXPECT_EQ(error_of({"--transport", "smoke"}),
            "--transport smoke: there is no such transport; there are fifo, unix, shm and tcp");
}

TEST(OptionsTest, InprocSaysWhyItCannot) {
  EXPECT_NE(error_of({"--transport", "inproc"}).find("stays inside one process"),
            std::string::npos);
}

TEST(OptionsTest, NumbersAreChecked) {
  EXPECT_EQ(error_of({"--workers", "0"}), "--workers takes a number from 1 to 100, not \"0\"");
  EXPECT_NE(error_of({"--workers", "-1"}), "");
  EXPECT_NE(error_of({"--workers", "2x"}), "");
  EXPECT_NE(error_of({"--workers="}), "");
  EXPECT_NE(error_of({"--top", "99999999999999999999"}), "");
}

TEST(OptionsTest, AMissingValueIsAnError) {
  EXPECT_EQ(error_of({"--top"}), "--top needs a value");
}

TEST(OptionsTest, AnUnknownOptionIsAnError) {
  EXPECT_EQ(error_of({"--fast"}), "there is no option --fast");
  EXPECT_EQ(error_of({"/usr/include"}), "there is no option /usr/include");
}

}  // namespace
}  // namespace wordcount
