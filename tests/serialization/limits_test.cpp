// SPDX-License-Identifier: Apache-2.0
// Hostile bytes: no count is believed, no depth followed, no memory taken beyond what was allowed.
#include "harness/allocations.hpp"
#include "messages.hpp"

#include <gtest/gtest.h>

namespace troupe_test {
namespace {

using troupe::DecodeLimits;
using troupe::Dynamic;

constexpr std::size_t kSmall = 4096;

template <class T>
std::string refusal_of(const troupe::Bytes& bytes, const DecodeLimits& limits = {}) {
  troupe::harness::allocations().largest = 0;
  const troupe::Result<T> result = decoded<T>(bytes, limits);
  return result.has_value() ? "no error" : result.error().what();
}

// `bytes` announce what is not there.
template <class T>
void expect_refused_cheaply(const troupe::Bytes& bytes) {
  EXPECT_NE(refusal_of<T>(bytes), "no error");
  EXPECT_LT(troupe::harness::allocations().largest, kSmall);
}

TEST(DecodeLimitsTest, ACountWithoutItsElementsAsksForNoMemory) {
  const troupe::Bytes array = raw({0xdd, 0xff, 0xff, 0xff, 0xff, 1, 2, 3});
  expect_refused_cheaply<std::vector<int>>(array);
  expect_refused_cheaply<std::list<std::string>>(array);
  expect_refused_cheaply<std::set<int>>(array);
  expect_refused_cheaply<std::vector<bool>>(array);
  expect_refused_cheaply<Dynamic>(array);
  expect_refused_cheaply<Row>(array);
  const troupe::Bytes map = raw({0xdf, 0xff, 0xff, 0xff, 0xff, 1, 2, 3});
  expect_refused_cheaply<std::map<int, int>>(map);
  expect_refused_cheaply<std::unordered_map<int, int>>(map);
  expect_refused_cheaply<Dynamic>(map);
  expect_refused_cheaply<Row>(map);
}

TEST(DecodeLimitsTest, ALengthWithoutItsBytesAsksForNoMemory) {
  const troupe::Bytes text = raw({0xdb, 0xff, 0xff, 0xff, 0xff, 'a'});
  expect_refused_cheaply<std::string>(text);
  expect_refused_cheaply<std::filesystem::path>(text);
  expect_refused_cheaply<Dynamic>(text);
  const troupe::Bytes bytes = raw({0xc6, 0xff, 0xff, 0xff, 0xff, 'a'});
  expect_refused_cheaply<troupe::Bytes>(bytes);
  expect_refused_cheaply<troupe::Buffer>(bytes);
  expect_refused_cheaply<Dynamic>(bytes);
  expect_refused_cheaply<Dynamic>(raw({0xc9, 0xff, 0xff, 0xff, 0xff, 5, 'a'}));
}

TEST(DecodeLimitsTest, TheLimitOfAStringIsNamed) {
  const DecodeLimits limits{.string_bytes = 3};
  EXPECT_EQ(refusal_of<std::string>(encoded(std::string{"abc"}), limits), "no error");
  EXPECT_EQ(refusal_of<std::string>(encoded(std::string{"abcd"}), limits),
            "a string of 4 bytes; the limit is 3 (DecodeLimits::string_bytes)");
  EXPECT_NE(refusal_of<troupe::Bytes>(encoded(raw("abcd")), limits), "no error");
  EXPECT_NE(refusal_of<troupe::Buffer>(encoded(raw("abcd")), limits), "no error");
  EXPECT_NE(refusal_of<Dynamic>(encoded(std::string{"abcd"}), limits), "no error");
}

TEST(DecodeLimitsTest, TheLimitOfElementsIsNamed) {
  const DecodeLimits limits{.elements = 2};
  EXPECT_EQ(refusal_of<std::vector<int>>(encoded(std::vector{1, 2}), limits), "no error");
  EXPECT_EQ(refusal_of<std::vector<int>>(encoded(std::vector{1, 2, 3}), limits),
            "3 elements; the limit is 2 (DecodeLimits::elements)");
  EXPECT_NE(refusal_of<Dynamic>(encoded(std::vector{1, 2, 3}), limits), "no error");
}

TEST(DecodeLimitsTest, SmallElementsOfALargeTypeAreBoundedInMemory) {
  struct Large {
    std::array<std::uint64_t, 100> numbers{};
  };
  troupe::Encoded out;
  troupe::Writer writer{out};
  constexpr std::size_t kCount = 1000;
  writer.array(kCount);  // each is one byte here and 800 in memory
  for (std::size_t i = 0; i < kCount; ++i) {
    writer.array(0);
  }
  const DecodeLimits limits{.total_bytes = 100'000, .members = troupe::Members::prefix};

  EXPECT_EQ(refusal_of<std::vector<Large>>(out.joined(), limits),
            "needs 800000 bytes of memory; of the limit of 100000 (DecodeLimits::total_bytes) "
            "100000 are left");
  EXPECT_LT(troupe::harness::allocations().largest, kSmall);
}

TEST(DecodeLimitsTest, TheTotalCountsAllStringsTogether) {
  const std::vector<std::string> strings(10, std::string(100, 'x'));
  const DecodeLimits limits{.total_bytes = 700};
  EXPECT_NE(refusal_of<std::vector<std::string>>(encoded(strings), limits), "no error");
}

// ---- Depth ----

troupe::Bytes nested_arrays(std::size_t depth) {
  troupe::Bytes bytes(depth, std::byte{0x91});
  bytes.push_back(std::byte{0xc0});
  return bytes;
}

TEST(DecodeLimitsTest, DepthIsBoundedWhereTheTypeDoesNotBoundIt) {
  EXPECT_EQ(refusal_of<Dynamic>(nested_arrays(64)), "no error");
  EXPECT_NE(refusal_of<Dynamic>(nested_arrays(65)).find("nested deeper than 64 levels"),
            std::string::npos);
  EXPECT_NE(refusal_of<Dynamic>(nested_arrays(10'000'000)), "no error");
}

TEST(DecodeLimitsTest, AChainOfPointersIsBounded) {
  troupe::Bytes chain;  // Tree{1, {}, Tree{1, {}, ...
  for (int i = 0; i < 100'000; ++i) {
    const troupe::Bytes link = raw({0x93, 1, 0x90});
    chain.insert(chain.end(), link.begin(), link.end());
  }
  EXPECT_NE(refusal_of<Tree>(chain).find("nested deeper than 64 levels"), std::string::npos);
}

TEST(DecodeLimitsTest, SkippingIsNotBoundedByDepthAndNeedsNoStack) {
  troupe::Bytes bytes = raw({0x94, 1, 0xa0, 0});  // a Row and one member more
  const troupe::Bytes deep = nested_arrays(1'000'000);
  bytes.insert(bytes.end(), deep.begin(), deep.end());
  EXPECT_EQ(decoded<Row>(bytes, {.members = troupe::Members::prefix}).value(), (Row{1, "", 0}));
}

TEST(EncodeLimitsTest, DepthIsBoundedOnTheWayOutToo) {
  Tree tree;
  Tree* inner = &tree;
  for (int i = 0; i < 100; ++i) {
    inner->next = std::make_unique<Tree>();
    inner = inner->next.get();
  }
  troupe::Encoded out;
  const troupe::Result<void> result = troupe::encode(out, tree);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), troupe::Code::invalid_argument);
  EXPECT_TRUE(troupe::encode(out, tree, {.depth = 200}));
}

TEST(EncodeLimitsTest, AnEncodingThatFailsLeavesNothingBehind) {
  troupe::Encoded out;
  ASSERT_TRUE(troupe::encode(out, 7));
  const std::tuple message{std::string(10'000, 'x'), troupe::UniqueFd::duplicate(0).value()};

  const troupe::Result<void> result = troupe::encode(out, message, {.total_bytes = 9'000});

  ASSERT_FALSE(result);
  EXPECT_STREQ(result.error().what(),
               "the message has 10007 bytes, the limit is 9000: send less, or raise "
               "EncodeLimits::total_bytes");
  EXPECT_EQ(out.joined(), raw({7}));
  EXPECT_TRUE(out.borrowed.empty());
  EXPECT_TRUE(out.fds.empty());
}

// ---- Every way to be cut off ----

TEST(DecodeLimitsTest, EveryBeginningOfAMessageIsRefused) {
  const troupe::Bytes whole = encoded(everything());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const troupe::Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(decoded<Everything>(part).error(), troupe::Code::malformed) << size;
    EXPECT_EQ(decoded<Dynamic>(part).error(), troupe::Code::malformed) << size;
  }
}

TEST(DecodeLimitsTest, EveryWrongByteIsReadOrRefusedButNeverFatal) {
  const troupe::Bytes whole = encoded(everything());
  std::size_t read = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int wrong :
         {0x00, 0x7f, 0x80, 0x90, 0xa0, 0xc0, 0xc1, 0xc6, 0xdb, 0xdd, 0xdf, 0xff}) {
      troupe::Bytes bytes = whole;
      bytes[i] = static_cast<std::byte>(wrong);
      read += decoded<Everything>(bytes).has_value() ? 1U : 0U;
    }
  }
  EXPECT_GT(read, 0U);
}

}  // namespace
}  // namespace troupe_test
