// SPDX-License-Identifier: Apache-2.0
// Large payloads are referenced instead of copied; descriptors travel beside the bytes.
#include "messages.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace troupe_test {
namespace {

using troupe::Buffer;
using troupe::Bytes;
using troupe::Encoded;
using troupe::kLargePiece;
using troupe::UniqueFd;

struct Image {
  int width = 0;
  Buffer pixels;
  std::string name;
};

Bytes large(std::size_t size = kLargePiece) {
  return Bytes(size, std::byte{5});
}

TEST(PayloadTest, ALargeByteStringIsReferencedWhereItIs) {
  using Message = std::tuple<int, Bytes, std::string>;
  const Message message{1, large(), "after"};
  Encoded out;

  ASSERT_TRUE(troupe::encode(out, message));

  ASSERT_EQ(out.borrowed.size(), 1U);
  EXPECT_EQ(out.borrowed[0].bytes.data(), std::get<1>(message).data());
  EXPECT_LT(out.head.size(), 20U);
  EXPECT_EQ(out.size(), out.joined().size());
  EXPECT_EQ(decoded<Message>(out.joined()).value(), message);
}

TEST(PayloadTest, ALargeStringIsReferencedToo) {
  const Row row{1, std::string(kLargePiece, 'x'), 2};
  Encoded out;

  ASSERT_TRUE(troupe::encode(out, row));

  ASSERT_EQ(out.borrowed.size(), 1U);
  EXPECT_EQ(decoded<Row>(out.joined()).value(), row);
}

TEST(PayloadTest, ASmallByteStringIsCopied) {
  Encoded out;
  ASSERT_TRUE(troupe::encode(out, large(kLargePiece - 1)));
  EXPECT_TRUE(out.borrowed.empty());
}

TEST(PayloadTest, ManyStringsBelowTheLimitMakeOneHead) {
  const std::vector<std::string> strings(10, std::string(kLargePiece - 100, 'x'));
  Encoded out;
  ASSERT_TRUE(troupe::encode(out, strings));
  EXPECT_TRUE(out.borrowed.empty());
  EXPECT_EQ(decoded<std::vector<std::string>>(out.joined()).value(), strings);
}

TEST(PayloadTest, ABufferKeepsItsMemoryAliveInTheEncoding) {
  Encoded out;
  {
    const Image image{1, Buffer::owning(large()), "a"};
    ASSERT_TRUE(troupe::encode(out, image));
  }
  const Image image = decoded<Image>(out.joined()).value();
  EXPECT_EQ(image.pixels, Buffer::owning(large()));
  EXPECT_EQ(image.name, "a");
}

TEST(PayloadTest, AnEncodingThatOwnsOutlivesTheMessage) {
  Encoded out;
  {
    const Bytes bytes = large();
    ASSERT_TRUE(troupe::encode(out, bytes));
    out.own();
  }
  EXPECT_EQ(decoded<Bytes>(out.joined()).value(), large());
}

TEST(PayloadTest, GatheredPiecesAreTheMessageInOrder) {
  Encoded out;
  const std::vector<Bytes> parts{large(), {}, large(5000), Bytes(3)};
  ASSERT_TRUE(troupe::encode(out, parts));

  std::vector<std::span<const std::byte>> pieces;
  out.gather(pieces);

  Bytes together;
  for (const auto piece : pieces) {
    EXPECT_FALSE(piece.empty());
    together.insert(together.end(), piece.begin(), piece.end());
  }
  EXPECT_EQ(pieces.size(), 5U);
  EXPECT_EQ(together, out.joined());
  EXPECT_EQ(decoded<std::vector<Bytes>>(together).value(), parts);
}

TEST(PayloadTest, ALargeBufferIsAViewOfWhatArrived) {
  const Buffer storage = Buffer::owning(encoded(Image{7, Buffer::owning(large()), "n"}));

  const Image image =
      troupe::decode<Image>({.bytes = storage.bytes(), .storage = &storage}).value();

  EXPECT_GE(image.pixels.bytes().data(), storage.bytes().data());
  EXPECT_LT(image.pixels.bytes().data(), storage.bytes().data() + storage.size());
  EXPECT_EQ(image.pixels, Buffer::owning(large()));
}

TEST(PayloadTest, AViewIsOfThePartOfTheStorageThatWasDecoded) {
  Bytes frame = raw({1, 2, 3});  // what a transport put before the message
  const Bytes message = encoded(Image{7, Buffer::owning(large()), "n"});
  frame.insert(frame.end(), message.begin(), message.end());
  const Buffer storage = Buffer::owning(frame);

  const Image image =
      troupe::decode<Image>({.bytes = storage.bytes().subspan(3), .storage = &storage}).value();

  EXPECT_EQ(image.pixels, Buffer::owning(large()));
}

TEST(PayloadTest, WithoutStorageABufferIsACopy) {
  Bytes bytes = encoded(Image{7, Buffer::owning(large()), "n"});
  const Image image = troupe::decode<Image>({.bytes = bytes}).value();
  std::ranges::fill(bytes, std::byte{0});
  EXPECT_EQ(image.pixels, Buffer::owning(large()));
}

TEST(PayloadTest, ASmallBufferDoesNotHoldTheWholeFrame) {
  const Buffer storage = Buffer::owning(encoded(Buffer::copy_of(raw("small"))));
  const Buffer small =
      troupe::decode<Buffer>({.bytes = storage.bytes(), .storage = &storage}).value();
  EXPECT_FALSE(small.bytes().data() >= storage.bytes().data() &&
               small.bytes().data() < storage.bytes().data() + storage.size());
}

TEST(PayloadTest, ClearingKeepsTheMemory) {
  Encoded out;
  ASSERT_TRUE(troupe::encode(out, std::string(100, 'x')));
  const std::byte* const memory = out.head.data();
  out.clear();
  ASSERT_TRUE(troupe::encode(out, std::string(100, 'y')));
  EXPECT_EQ(out.head.data(), memory);
}

// ---- Descriptors ----

struct Files {
  std::string name;
  UniqueFd first;
  std::vector<UniqueFd> more;
};

UniqueFd open_null() {
  return UniqueFd{::open("/dev/null", O_RDWR | O_CLOEXEC)};
}

bool is_open(const UniqueFd& fd) {
  return ::fcntl(fd.get(), F_GETFD) != -1;
}

Files three_files() {
  Files files{.name = "n", .first = open_null(), .more = {}};
  files.more.push_back(open_null());
  files.more.emplace_back();
  files.more.push_back(open_null());
  return files;
}

TEST(DescriptorTest, TheMessageKeepsItsOwnAndTheReceiverGetsDuplicates) {
  const Files files = three_files();
  Encoded out;
  ASSERT_TRUE(troupe::encode(out, files));
  ASSERT_EQ(out.fds.size(), 3U);
  const Bytes bytes = out.joined();

  const Files back = troupe::decode<Files>({.bytes = bytes, .fds = out.fds}).value();

  EXPECT_TRUE(is_open(back.first) && is_open(back.more[0]) && is_open(back.more[2]));
  EXPECT_TRUE(is_open(files.first) && is_open(files.more[2]));
  EXPECT_FALSE(back.more[1]) << "an empty one stays empty";
  EXPECT_NE(back.first.get(), files.first.get());
}

TEST(DescriptorTest, OneThatDidNotComeIsMalformedAndNamed) {
  Encoded out;
  ASSERT_TRUE(troupe::encode(out, three_files()));
  const Bytes bytes = out.joined();
  const auto result = troupe::decode<Files>({.bytes = bytes, .fds = std::span{out.fds}.first(2)});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), troupe::Code::malformed);
  EXPECT_STREQ(result.error().what(),
               "Files.more[2]: the file descriptor did not come with the message: number 2 of 2");
}

TEST(DescriptorTest, OneDescriptorIsNotTakenTwice) {
  Encoded out;
  ASSERT_TRUE(troupe::encode(out, std::tuple{open_null(), open_null()}));
  Bytes bytes = out.joined();
  ASSERT_EQ(bytes.back(), std::byte{1});
  bytes.back() = std::byte{0};
  const auto result =
      troupe::decode<std::tuple<UniqueFd, UniqueFd>>({.bytes = bytes, .fds = out.fds});
  EXPECT_FALSE(result);
}

TEST(DescriptorTest, OneThatCannotBeDuplicatedFailsTheEncoding) {
  const UniqueFd wrong{1'000'000};
  Encoded out;
  const troupe::Result<void> result = troupe::encode(out, std::tie(wrong));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), troupe::Code::system);
  EXPECT_TRUE(out.head.empty());
}

TEST(DescriptorTest, SomethingElseIsNotADescriptor) {
  EXPECT_STREQ(decoded<UniqueFd>(raw({5})).error().what(),
               "expected a file descriptor, found the integer 5 at byte 0");
  EXPECT_FALSE(decoded<UniqueFd>(raw({0xd4, 2, 0})));
  EXPECT_FALSE(decoded<UniqueFd>(raw({0xd4, 1})));
  EXPECT_FALSE(decoded<UniqueFd>(raw({0xd5, 1, 0, 0})));
}

}  // namespace
}  // namespace troupe_test
