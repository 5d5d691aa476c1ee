// SPDX-License-Identifier: Apache-2.0
// Decodes types that msgpack-c reads, inside our limits.
#include "codec.hpp"
#include "troupe/serialization/msgpack_define.hpp"

#include <msgpack.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace {

struct Reading {
  std::string sensor;
  std::vector<double> values;
  MSGPACK_DEFINE(sensor, values)
};

struct Setting {
  std::string name;
  std::map<std::string, int> values;
  MSGPACK_DEFINE_MAP(name, values)
};

struct Report {
  std::vector<Reading> readings;
  Setting setting;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = troupe_fuzz::bytes_of(data, size);
  troupe_fuzz::decode_and_return<Report>(input, troupe::Members::exact);
  return 0;
}
