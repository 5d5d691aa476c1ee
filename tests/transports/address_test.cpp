// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/address.hpp"

#include "troupe/transports/catalog.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using troupe::Address;
using troupe::Code;

TEST(AddressTest, HasTheFormsOfEveryScheme) {
  const Address pipe{"pipe:"};
  EXPECT_EQ(pipe.scheme(), "pipe");
  EXPECT_EQ(pipe.path(), "");

  const Address fifo{"fifo:/run/jobs"};
  EXPECT_EQ(fifo.scheme(), "fifo");
  EXPECT_EQ(fifo.path(), "/run/jobs");

  EXPECT_EQ(Address{"unix:@name"}.path(), "@name");
  EXPECT_EQ(Address{"unix:relative/path"}.path(), "relative/path");

  const Address tcp{"tcp://host:7000/jobs/high"};
  EXPECT_EQ(tcp.host(), "host");
  EXPECT_EQ(tcp.port(), 7000);
  EXPECT_EQ(tcp.path(), "/jobs/high");

  const Address inproc{"inproc://name"};
  EXPECT_EQ(inproc.host(), "name");

  EXPECT_EQ(Address{"zmq+tcp://h:1"}.scheme(), "zmq+tcp");
}

TEST(AddressTest, AnIpv6HostStandsInBrackets) {
  const Address with_port{"tcp://[::1]:7000"};
  EXPECT_EQ(with_port.host(), "::1");
  EXPECT_EQ(with_port.port(), 7000);
  EXPECT_EQ(Address{"tcp://[fe80::1]"}.host(), "fe80::1");
  EXPECT_EQ(Address{"tcp://[::1]"}.port(), 0);
  EXPECT_FALSE(Address::parse("tcp://::1:7000"));
  EXPECT_FALSE(Address::parse("tcp://[::1"));
  EXPECT_FALSE(Address::parse("tcp://[::1]7000"));
}

TEST(AddressTest, OptionsAreFoundByName) {
  const Address address{"unix:/x?peers=any&direct=&flag&peers=second&text=a%20b%26c"};
  EXPECT_EQ(address.path(), "/x");
  EXPECT_EQ(address.option("peers"), "any");
  EXPECT_EQ(address.option("direct"), "");
  EXPECT_EQ(address.option("flag"), "");
  EXPECT_EQ(address.option("text"), "a b&c");
  EXPECT_EQ(address.option("missing"), std::nullopt);
  EXPECT_EQ(address.text(), "unix:/x?peers=any&direct=&flag&peers=second&text=a%20b%26c");
}

TEST(AddressTest, OptionsCanBeLeftOut) {
  const Address address{"unix:/a%20b?durable=/x%26y&peers=any&sync=always&peers=none&flag"};
  EXPECT_EQ(address.without({"durable", "sync"}).text(), "unix:/a%20b?peers=any&peers=none&flag");
  EXPECT_EQ(address.without({"peers", "flag"}).text(), "unix:/a%20b?durable=/x%26y&sync=always");
  EXPECT_EQ(address.without({"missing"}), address);
  EXPECT_EQ(Address{"unix:/a?only=1"}.without({"only"}).text(), "unix:/a");
}

TEST(AddressTest, APercentStandsForAByte) {
  EXPECT_EQ(Address{"unix:/a%20b%3fc%2F"}.path(), "/a b?c/");
  EXPECT_EQ(Address{"unix:/%41"}.path(), "/A");
  for (const char* text : {"unix:/%", "unix:/%4", "unix:/%4g", "unix:/%%41", "unix:/x?o=%zz"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
}

TEST(AddressTest, AZeroByteIsRefusedHoweverItIsWritten) {
  EXPECT_FALSE(Address::parse(std::string_view{"unix:/a\0b", 9}));
  EXPECT_FALSE(Address::parse("unix:/a%00b"));
  EXPECT_FALSE(Address::parse("unix:/a?o=%00"));
}

TEST(AddressTest, APortIsANumberFrom0To65535) {
  EXPECT_EQ(Address{"tcp://h:65535"}.port(), 65535);
  EXPECT_EQ(Address{"tcp://h:0"}.port(), 0);
  EXPECT_EQ(Address{"tcp://h:"}.port(), 0);
  for (const char* text : {"tcp://h:65536", "tcp://h:-1", "tcp://h:+1", "tcp://h:7x", "tcp://h: 7",
                           "tcp://h:0x10", "tcp://h:99999999999999999999"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
}

TEST(AddressTest, TextThatIsNoAddressSaysWhatIsWrongWithIt) {
  for (const std::string& text :
       {std::string{}, std::string{"/tmp/x"}, std::string{":x"}, std::string{"UNIX:/x"},
        std::string{"a b:/x"}, std::string{"tcp"}, "unix:/" + std::string(5000, 'x')}) {
    const auto address = Address::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error(), Code::invalid_argument);
    const std::string_view what = address.error().what();
    EXPECT_NE(what.find(text.substr(0, 100)), std::string_view::npos);
    EXPECT_NE(what.find("scheme:name"), std::string_view::npos) << "it says what to write";
    EXPECT_LT(what.size(), 500U);
  }
}

TEST(AddressTest, MadeOfBadTextIsAnErrorAtItsUse) {
  const Address address{"nonsense"};
  EXPECT_FALSE(address.empty());
  EXPECT_EQ(address.valid().error(), Code::invalid_argument);
  EXPECT_TRUE(Address{}.empty()) << "made by default it leaves the choice to the callee";
}

TEST(AddressTest, ComparesByItsText) {
  EXPECT_EQ(Address{"unix:/x"}, Address{std::string{"unix:/x"}});
  EXPECT_FALSE(Address{"unix:/x"} == Address{"unix:/y"});
}

TEST(CatalogTest, FindsTheTransportOfAScheme) {
  const auto catalog = troupe::transports::Catalog::standard();
  for (const char* scheme : {"pipe", "fifo", "unix", "tcp", "tls", "inproc"}) {
    EXPECT_EQ(catalog->find(std::string{scheme} + ":x").value()->scheme(), scheme);
  }
}

TEST(CatalogTest, AnUnknownSchemeIsToldWithThoseThereAre) {
  const auto catalog = troupe::transports::Catalog::standard();
  const auto found = catalog->find("carrier-pigeon:x");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error(), Code::invalid_argument);
  const std::string_view what = found.error().what();
  for (const char* word :
       {"carrier-pigeon", "pipe:", "fifo:", "unix:", "tcp:", "tls:", "inproc:"}) {
    EXPECT_NE(what.find(word), std::string_view::npos) << what;
  }
  EXPECT_EQ(catalog->find("nonsense").error(), Code::invalid_argument);
}

}  // namespace
