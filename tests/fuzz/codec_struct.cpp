// SPDX-License-Identifier: Apache-2.0
// Decodes a struct that has one of everything, as an array of its members or as a map by their
// names.
#include "codec.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace {

enum class Colour : std::uint8_t { red = 1 };

struct Row {
  std::uint64_t number = 0;
  std::string text;
  double score = 0;
};

struct Tree {
  int value = 0;
  std::vector<Tree> children;
  std::unique_ptr<Tree> next;
};

struct Everything {
  bool truth = false;
  std::int8_t tiny = 0;
  float narrow = 0;
  Colour colour = Colour::red;
  std::filesystem::path path;
  troupe::Bytes bytes;
  std::array<unsigned char, 4> four{};
  troupe::Buffer buffer;
  troupe::UniqueFd fd;
  std::chrono::milliseconds wait{};
  std::chrono::system_clock::time_point when;
  std::optional<std::string> maybe;
  std::variant<std::monostate, int, std::string, Row> either;
  std::tuple<int, std::vector<std::int16_t>> tuple;
  std::array<std::int16_t, 3> three{};
  std::vector<bool> flags;
  std::deque<std::string> deque;
  std::list<Row> list;
  std::forward_list<int> forward;
  std::set<std::string> set;
  std::map<int, std::vector<Row>> map;
  std::multimap<std::string, int> multimap;
  Tree tree;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = troupe_fuzz::bytes_of(data, size);
  troupe_fuzz::decode_and_return<Everything>(input, troupe::Members::prefix);
  troupe_fuzz::decode_and_return<std::vector<Row>>(input, troupe::Members::exact);
  troupe_fuzz::decode_and_return<Tree>(input, troupe::Members::prefix);
  return 0;
}
