// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/buffer.hpp"

#include "harness/raw_fd.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace {

using troupe::Buffer;
using troupe::Bytes;
using troupe::bytes_of;
using troupe::text_of;
using troupe::harness::pattern;

TEST(BufferTest, MadeByDefaultIsEmpty) {
  const Buffer buffer;
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.size(), 0U);
}

TEST(BufferTest, ACopyStandsOnItsOwn) {
  Bytes bytes = pattern(100);
  const Buffer buffer = Buffer::copy_of(bytes);
  bytes.assign(100, std::byte{0});
  EXPECT_EQ(buffer, Buffer::copy_of(pattern(100)));
}

TEST(BufferTest, OwningTakesTheBytesOverWithoutACopy) {
  Bytes bytes = pattern(100);
  const std::byte* const place = bytes.data();
  const Buffer buffer = Buffer::owning(std::move(bytes));
  EXPECT_EQ(buffer.bytes().data(), place);
}

TEST(BufferTest, AViewKeepsItsOwnerAlive) {
  auto owner = std::make_shared<Bytes>(pattern(10));
  const std::weak_ptr<Bytes> watched = owner;
  auto buffer = std::make_unique<Buffer>(Buffer::view_of(owner, *owner));
  const Buffer part = buffer->part(2, 3);
  owner.reset();
  buffer.reset();

  ASSERT_FALSE(watched.expired());
  EXPECT_EQ(part.bytes().data(), watched.lock()->data() + 2);
}

TEST(BufferTest, APartIsAViewOfTheSameMemory) {
  const Buffer whole = Buffer::copy_of(bytes_of("hello world"));
  EXPECT_EQ(text_of(whole.part(6, 5).bytes()), "world");
  EXPECT_EQ(text_of(whole.part(11, 0).bytes()), "");
  EXPECT_EQ(text_of(whole.part(0, 11).part(1, 4).bytes()), "ello");
}

TEST(BufferTest, IsSeenAsValuesOfAType) {
  const std::array<std::uint32_t, 3> numbers{1, 2, 70000};
  const Buffer buffer = Buffer::copy_of(std::as_bytes(std::span{numbers}));
  const auto seen = buffer.as<std::uint32_t>();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[2], 70000U);
}

TEST(BufferDeathTest, APartBeyondTheEndIsABug) {
  const Buffer whole = Buffer::copy_of(bytes_of("hello"));
  EXPECT_DEATH((void)whole.part(6, 0), "check failed");
  EXPECT_DEATH((void)whole.part(3, 3), "check failed");
  EXPECT_DEATH((void)whole.part(1, SIZE_MAX), "check failed");
  EXPECT_DEATH((void)whole.as<std::uint32_t>(), "check failed");
}

}  // namespace
