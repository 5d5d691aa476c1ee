// SPDX-License-Identifier: Apache-2.0
// python3-msgpack reads what we write and writes it back byte for byte, and we read what it writes.
#include "messages.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>

namespace troupe_test {
namespace {

// Runs python_peer.py with files in the test's own folder.
class PythonTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const char* name) const { return (folder_ / name).string(); }

  void run(const std::string& arguments) const {
    const std::string command =
        std::string{TROUPE_PYTHON} + " " + TROUPE_PYTHON_PEER + " " + arguments;
    ASSERT_EQ(std::system(command.c_str()), 0)  // NOLINT(concurrency-mt-unsafe): one thread here
        << command << " (needs the package python3-msgpack)";
  }

  void write(const char* name, const troupe::Bytes& bytes) const {
    const std::string_view text = troupe::text_of(bytes);
    std::ofstream{path(name), std::ios::binary} << text;
  }

  troupe::Bytes read(const char* name) const {
    std::ifstream file{path(name), std::ios::binary};
    return raw(std::string{std::istreambuf_iterator<char>{file}, {}});
  }

 private:
  std::filesystem::path folder_ = std::filesystem::path{testing::TempDir()} /
                                  ("troupe_python_test_" + std::to_string(::getpid()));
};

template <class... T>
troupe::Bytes stream_of(const T&... message) {
  troupe::Encoded out;
  (troupe::encode(out, message).value(), ...);
  return out.joined();
}

// Everything that Python can tell apart: to it a float of 32 bits is a float, which it writes
// with 64.
TEST_F(PythonTest, WhatWeWriteComesBackByteForByte) {
  Everything message = everything();
  const auto narrow_free = std::tie(
      message.truth, message.tiny, message.big, message.letter, message.wide, message.colour,
      message.sign, message.text, message.path, message.bytes, message.four, message.buffer,
      message.wait, message.seconds, message.when, message.maybe, message.either, message.pair,
      message.tuple, message.three, message.flags, message.deque, message.list, message.forward,
      message.set, message.map, message.multimap, message.unordered_map, message.dynamic);
  const troupe::Bytes ours = stream_of(
      narrow_free, std::string(31, 'x'), std::string(32, 'x'), std::string(256, 'x'),
      std::string(70'000, 'x'), troupe::Bytes(255), troupe::Bytes(256), troupe::Bytes(70'000),
      std::vector<int>(15), std::vector<int>(16), std::vector<int>(70'000), Row{}, Empty{},
      std::vector<std::int64_t>{127, 128, 255, 256, 65535, 65536, 4294967295, 4294967296, -32, -33,
                                -128, -129, -32768, -32769, -2147483648, -2147483649},
      std::numeric_limits<std::uint64_t>::max(), std::numeric_limits<std::int64_t>::min(),
      troupe::Dynamic{troupe::Dynamic::Extension{5, raw("payload")}});
  write("ours", ours);

  run("repack " + path("ours") + " " + path("theirs"));

  EXPECT_EQ(read("theirs"), ours);
}

TEST_F(PythonTest, WhatPythonPacksAgainDecodesToTheSame) {
  write("ours", encoded(everything()));
  run("repack " + path("ours") + " " + path("theirs"));
  EXPECT_EQ(decoded<Everything>(read("theirs")).value(), everything());
}

TEST_F(PythonTest, WhatPythonWritesIsRead) {
  run("write " + path("theirs"));
  const troupe::Bytes bytes = read("theirs");
  const troupe::Incoming in{.bytes = bytes};
  const troupe::DecodeLimits limits;
  troupe::Reader reader{in, limits};

  EXPECT_EQ(reader.value<Row>().value(), (Row{7, "seven", 0.5}));
  EXPECT_EQ(reader.value<Row>().value(), (Row{1, "by name", 2}));
  EXPECT_EQ(reader.value<Table>().value(),
            (Table{"t", {{1, "a", 1.5}, {2, "b", 2.5}}, {{"x", 70000}}}));
  using Mixed =
      std::tuple<troupe::Bytes, std::string, std::optional<int>, std::variant<int, std::string>,
                 std::pair<int, int>, std::map<int, std::vector<bool>>>;
  EXPECT_EQ(
      reader.value<Mixed>().value(),
      (Mixed{raw("bytes"), "gr\xc3\xbc\xc3\x9f", std::nullopt, "second", {3, 4}, {{-1, {true}}}}));
  EXPECT_EQ(reader.value<std::vector<std::uint64_t>>().value().back(),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(reader.value<std::vector<std::int64_t>>().value().back(),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(reader.at_end());
}

}  // namespace
}  // namespace troupe_test
