// SPDX-License-Identifier: Apache-2.0
// The ring alone: two threads stand for the two processes, semaphores for the bells.
#include "troupe/transports/shm/byte_ring.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>
#include <semaphore>
#include <thread>
#include <vector>

namespace troupe::harness {
namespace {

using transports::RingReader;
using transports::RingState;
using transports::RingWriter;

constexpr std::size_t kEverything = std::numeric_limits<std::size_t>::max();

class ByteRingTest : public testing::Test {
 protected:
  std::size_t write(std::span<std::byte> bytes) {
    const std::array piece{iovec{bytes.data(), bytes.size()}};
    return writer_.write(piece);
  }
  std::size_t read(std::span<std::byte> place, std::size_t limit = kEverything) {
    const std::array piece{iovec{place.data(), place.size()}};
    return reader_.read(piece, limit);
  }

  static constexpr std::size_t kSize = 16;
  RingState state_;
  std::vector<std::byte> area_ = std::vector<std::byte>(kSize);
  RingWriter writer_{state_, area_};
  RingReader reader_{state_, area_};
  std::array<std::byte, 4 * kSize> bytes_{};
};

TEST_F(ByteRingTest, TakesWhatThereIsRoomFor) {
  EXPECT_EQ(write(bytes_), kSize);
  EXPECT_EQ(writer_.room(), 0U);
  EXPECT_EQ(write(bytes_), 0U);
  EXPECT_EQ(read(std::span{bytes_}.first(5)), 5U);
  EXPECT_EQ(writer_.room(), 5U);
  EXPECT_EQ(write(bytes_), 5U);
  EXPECT_EQ(read(bytes_, 7), 7U) << "no more than the limit";
  EXPECT_EQ(read(bytes_), kSize - 7);
  EXPECT_EQ(read(bytes_), 0U);
}

TEST_F(ByteRingTest, ASleeperIsRungOnce) {
  EXPECT_TRUE(reader_.arm());
  EXPECT_EQ(write(std::span{bytes_}.first(1)), 1U);
  EXPECT_TRUE(writer_.take_sleeper());
  EXPECT_FALSE(writer_.take_sleeper());
  EXPECT_FALSE(reader_.arm()) << "there is something";
  EXPECT_FALSE(writer_.take_sleeper()) << "so it does not sleep";

  write(bytes_);
  EXPECT_TRUE(writer_.arm());
  EXPECT_EQ(read(std::span{bytes_}.first(1)), 1U);
  EXPECT_TRUE(reader_.take_sleeper());
  EXPECT_FALSE(reader_.take_sleeper());
}

TEST_F(ByteRingTest, ACopyThatLeavesDisturbsNoSleep) {
  EXPECT_TRUE(reader_.arm());
  RingReader copy{state_, area_};
  copy.leave();
  EXPECT_FALSE(writer_.take_leaving());
  EXPECT_TRUE(writer_.take_sleeper());
  copy.leave();
  EXPECT_TRUE(reader_.arm()) << "over the hint";
  EXPECT_TRUE(writer_.take_sleeper());
  copy.leave();
  EXPECT_TRUE(writer_.take_leaving());
  EXPECT_FALSE(writer_.take_leaving());
}

TEST_F(ByteRingTest, APositionThatCannotBeBreaksTheRingAndReadsNothingBeyond) {
  write(std::span{bytes_}.first(3));
  for (const std::uint64_t position : {std::uint64_t{kSize + 1}, ~std::uint64_t{0}}) {
    RingReader reader{state_, area_};
    state_.written = position;
    EXPECT_EQ(reader.available(), 0U);
    EXPECT_TRUE(reader.is_broken());
    state_.written = 3;
  }
  write(bytes_);
  state_.read = kSize + 1;  // more than was written
  EXPECT_EQ(writer_.room(), 0U);
  EXPECT_TRUE(writer_.is_broken());
}

TEST_F(ByteRingTest, AReaderThatGoesBackBreaksTheRing) {
  write(bytes_);
  EXPECT_EQ(read(std::span{bytes_}.first(8)), 8U);
  EXPECT_EQ(writer_.room(), 8U);
  EXPECT_EQ(write(bytes_), 8U);
  state_.read = 3;
  EXPECT_EQ(writer_.room(), 0U);
  EXPECT_TRUE(writer_.is_broken());
}

// Every byte arrives in order, and nobody sleeps while there is something to do.
TEST_F(ByteRingTest, BytesCrossInOrderWhileBothSidesSleepWheneverTheyCan) {
  constexpr unsigned kBytes = 400'000;
  std::counting_semaphore<> bell{0};
  std::counting_semaphore<> room{0};
  std::jthread writing{[&] {
    std::minstd_rand random{1};
    std::array<std::byte, 40> chunk;
    for (unsigned sent = 0; sent < kBytes;) {
      const std::size_t size = std::min<std::size_t>(1 + random() % chunk.size(), kBytes - sent);
      for (std::size_t i = 0; i < size; ++i) {
        chunk.at(i) = static_cast<std::byte>((sent + i) * 7);
      }
      std::span<std::byte> rest = std::span{chunk}.first(size);
      while (!rest.empty()) {
        rest = rest.subspan(write(rest));
        if (writer_.take_sleeper()) {
          bell.release();
        }
        if (!rest.empty() && writer_.arm()) {
          room.acquire();
        }
      }
      sent += static_cast<unsigned>(size);
    }
  }};
  std::minstd_rand random{2};
  std::array<std::byte, 40> chunk;
  for (unsigned received = 0; received < kBytes;) {
    const std::size_t size = read(std::span{chunk}.first(1 + random() % chunk.size()));
    if (reader_.take_sleeper()) {
      room.release();
    }
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_EQ(chunk.at(i), static_cast<std::byte>((received + i) * 7)) << received + i;
    }
    received += static_cast<unsigned>(size);
    if (size == 0 && reader_.arm()) {
      bell.acquire();
    }
  }
}

}  // namespace
}  // namespace troupe::harness
