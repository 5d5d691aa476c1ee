// SPDX-License-Identifier: Apache-2.0
// Whatever vandals write into the public pipe, in whatever portions, an honest client's hello after
// it is found, and what is found fits a hello.
#include "troupe/transports/fifo/fifo_hello.hpp"

#include "troupe/base/bytes.hpp"
#include "troupe/base/check.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::transports;  // NOLINT(google-build-using-namespace): of one function
  if (size == 0) {
    return 0;
  }
  const std::string_view garbage = troupe::text_of(std::as_bytes(std::span{data, size})).substr(1);
  const std::size_t portion = data[0] == 0 ? garbage.size() + 1 : data[0];
  HelloParser parser;
  for (std::size_t at = 0; at < garbage.size(); at += portion) {
    parser.add(garbage.substr(at, portion));
    while (const auto path = parser.next()) {
      TROUPE_CHECK(fits_hello(*path));
    }
  }
  parser.add(encode_hello("/an/honest/client"));
  bool found = false;
  while (const auto path = parser.next()) {
    found = *path == "/an/honest/client";
  }
  TROUPE_CHECK(found);
  return 0;
}
