// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/fifo/fifo_hello.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using troupe::transports::encode_hello;
using troupe::transports::fits_hello;
using troupe::transports::HelloParser;
using troupe::transports::kMostHelloPath;

const std::string kMagic{"TRF\x01", 4};

std::string with_length(unsigned length, const std::string& path = {}) {
  return kMagic + static_cast<char>(length >> 8U) + static_cast<char>(length & 0xffU) + path;
}

TEST(FifoHelloTest, HasTheBytesThatTheProtocolSays) {
  EXPECT_EQ(encode_hello("/a/b"), std::string("TRF\x01\0\x04/a/b", 10));
  EXPECT_EQ(encode_hello("/" + std::string(299, 'x')).substr(4, 2), "\x01\x2c");
}

TEST(FifoHelloTest, HellosAreFoundInOrder) {
  HelloParser parser;
  parser.add(encode_hello("/one") + encode_hello("/two"));
  EXPECT_EQ(parser.next(), "/one");
  EXPECT_EQ(parser.next(), "/two");
  EXPECT_EQ(parser.next(), std::nullopt);
}

TEST(FifoHelloTest, AHelloMayComeByteByByte) {
  HelloParser parser;
  const std::string hello = encode_hello("/one");
  for (const char byte : hello) {
    EXPECT_EQ(parser.next(), std::nullopt);
    parser.add({&byte, 1});
  }
  EXPECT_EQ(parser.next(), "/one");
}

TEST(FifoHelloTest, GarbageIsPassedOver) {
  const std::string one = encode_hello("/one");
  for (const std::string& garbage :
       {std::string{}, std::string{"GET / HTTP/1.1"}, std::string(10'000, '\0'), kMagic,
        kMagic.substr(0, 3), kMagic + kMagic, with_length(0), with_length(0xffff),
        with_length(kMostHelloPath + 1), with_length(4000, "/short"), with_length(4000),
        with_length(84), kMagic + std::string(1, '\0'), with_length(4, "rel/"),
        with_length(3, std::string("/\0x", 3)), one.substr(0, 7), one.substr(0, 5),
        std::string{"TRF\x02\0\4/two", 10}, with_length(20, "/" + kMagic)}) {
    HelloParser parser;
    parser.add(garbage);
    EXPECT_EQ(parser.next(), std::nullopt);
    parser.add(one);
    EXPECT_EQ(parser.next(), "/one") << testing::PrintToString(garbage);
    EXPECT_EQ(parser.next(), std::nullopt);
  }
}

TEST(FifoHelloTest, APathOfTheLargestLengthFits) {
  const std::string path = "/" + std::string(kMostHelloPath - 1, 'x');
  EXPECT_TRUE(fits_hello(path));
  EXPECT_EQ(encode_hello(path).size(), static_cast<std::size_t>(PIPE_BUF));
  HelloParser parser;
  parser.add(encode_hello(path));
  EXPECT_EQ(parser.next(), path);
}

TEST(FifoHelloTest, NotEveryPathFits) {
  EXPECT_FALSE(fits_hello(""));
  EXPECT_FALSE(fits_hello("relative"));
  EXPECT_FALSE(fits_hello("/" + std::string(kMostHelloPath, 'x')));
  EXPECT_FALSE(fits_hello(std::string_view{"/a\0b", 4}));
  EXPECT_FALSE(fits_hello("/" + kMagic));
}

}  // namespace
