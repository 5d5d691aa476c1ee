// SPDX-License-Identifier: Apache-2.0
// Parses any text as an address. What parses keeps its text and says the same again; what does not
// says why in a line of bounded length.
#include "troupe/transports/address.hpp"

#include "troupe/base/bytes.hpp"
#include "troupe/base/check.hpp"
#include "troupe/transports/catalog.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using troupe::Address;
  const std::string_view text = troupe::text_of(std::as_bytes(std::span{data, size}));
  const auto parsed = Address::parse(text);
  if (!parsed) {
    TROUPE_CHECK(parsed.error() == troupe::Code::invalid_argument);
    TROUPE_CHECK(std::string_view{parsed.error().what()}.size() < 600);
    TROUPE_CHECK(!Address{text}.valid());
    return 0;
  }
  TROUPE_CHECK(parsed->text() == text);
  TROUPE_CHECK(text.starts_with(parsed->scheme()));
  TROUPE_CHECK(parsed->path().size() <= text.size() && parsed->host().size() <= text.size());
  TROUPE_CHECK(parsed->path().find('\0') == std::string_view::npos);
  (void)parsed->option("peers");
  const auto again = Address::parse(parsed->text());
  TROUPE_CHECK(again && again->path() == parsed->path() && again->port() == parsed->port());
  (void)troupe::transports::Catalog::standard()->find(*parsed);
  return 0;
}
