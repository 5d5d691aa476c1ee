// SPDX-License-Identifier: Apache-2.0
// Decodes values of any shape, and what is said of them.
#include "codec.hpp"
#include "troupe/serialization/dynamic.hpp"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using troupe::Dynamic;
  const auto input = troupe_fuzz::bytes_of(data, size);
  troupe_fuzz::decode_and_return<Dynamic>(input, troupe::Members::exact);

  const troupe::Result<Dynamic> value =
      troupe::decode<Dynamic>({.bytes = input}, troupe_fuzz::kLimits);
  if (value) {
    TROUPE_CHECK(!value->text().empty());
    TROUPE_CHECK(value->as<Dynamic>().has_value());
    static_cast<void>(value->as<std::vector<int>>().has_value());
    static_cast<void>(*value == Dynamic{*value});
  }
  return 0;
}
