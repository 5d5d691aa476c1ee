// SPDX-License-Identifier: Apache-2.0
#pragma once

// The messages that the tests of the codec send, and two verbs.

#include "troupe/base/buffer.hpp"
#include "troupe/serialization/codec.hpp"
#include "troupe/serialization/dynamic.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <initializer_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace troupe_test {

struct Row {
  std::uint64_t number = 0;
  std::string text;
  double score = 0;
  friend bool operator==(const Row&, const Row&) = default;
};

struct Table {
  std::string title;
  std::vector<Row> rows;
  std::map<std::string, int> widths;
  friend bool operator==(const Table&, const Table&) = default;
};

// Grows at its end, as a newer program's would.
struct NewRow {
  std::uint64_t number = 0;
  std::string text;
  double score = 0;
  std::string unit = "mm";
  int digits = 2;
  friend bool operator==(const NewRow&, const NewRow&) = default;
};

enum class Colour : std::uint8_t { red = 1, green = 200 };
enum class Sign : int { minus = -1, plus = 1 };

struct Empty {
  friend bool operator==(const Empty&, const Empty&) = default;
};

// One of everything that compares by value.
struct Everything {
  bool truth = false;
  std::int8_t tiny = 0;
  std::uint64_t big = 0;
  char letter = ' ';
  float narrow = 0;
  double wide = 0;
  Colour colour = Colour::red;
  Sign sign = Sign::plus;
  std::string text;
  std::filesystem::path path;
  troupe::Bytes bytes;
  std::array<unsigned char, 4> four{};
  troupe::Buffer buffer;
  std::chrono::milliseconds wait{};
  std::chrono::duration<double> seconds{};
  std::chrono::system_clock::time_point when;
  std::optional<std::string> maybe;
  std::variant<std::monostate, int, std::string, Row> either;
  std::pair<int, std::string> pair;
  std::tuple<int, std::vector<int>, Empty> tuple;
  std::array<std::int16_t, 3> three{};
  std::vector<bool> flags;
  std::deque<std::string> deque;
  std::list<Row> list;
  std::forward_list<int> forward;
  std::set<std::string> set;
  std::multiset<int> multiset;
  std::unordered_set<int> unordered_set;
  std::map<int, std::vector<Row>> map;
  std::multimap<std::string, int> multimap;
  std::unordered_map<std::string, double> unordered_map;
  troupe::Dynamic dynamic;
  friend bool operator==(const Everything&, const Everything&) = default;
};

inline Everything everything() {
  return {
      .truth = true,
      .tiny = -128,
      .big = 0xffffffffffffffffU,
      .letter = 'x',
      .narrow = 1.5F,
      .wide = -0.1,
      .colour = Colour::green,
      .sign = Sign::minus,
      .text = "gr\xc3\xbc\xc3\x9f",
      .path = "/tmp/a b",
      .bytes = {std::byte{0}, std::byte{255}},
      .four = {1, 2, 3, 4},
      .buffer = troupe::Buffer::copy_of(troupe::bytes_of("buffer")),
      .wait = std::chrono::milliseconds{-5},
      .seconds = std::chrono::duration<double>{0.25},
      .when = std::chrono::system_clock::time_point{std::chrono::seconds{1700000000}},
      .maybe = "there",
      .either = Row{1, "in a variant", 2},
      .pair = {300, "pair"},
      .tuple = {1, {2, 3}, {}},
      .three = {-1, 256, -32768},
      .flags = {true, false, true},
      .deque = {"d", "e"},
      .list = {{1, "l", 0.5}},
      .forward = {1, 2, 3},
      .set = {"a", "b"},
      .multiset = {1, 1, 2},
      .unordered_set = {5, 6},
      .map = {{-1, {{1, "m", 1}}}, {70000, {}}},
      .multimap = {{"k", 1}, {"k", 2}},
      .unordered_map = {{"u", 1.5}},
      .dynamic = std::map<std::string, std::vector<int>>{{"list", {1, 2}}},
  };
}

// A tree: its depth is the value's, not the type's.
struct Tree {
  int value = 0;
  std::vector<Tree> children;
  std::unique_ptr<Tree> next;
};

template <class T>
troupe::Bytes encoded(const T& value) {
  troupe::Encoded out;
  troupe::encode(out, value).value();
  return out.joined();
}

template <class T>
troupe::Result<T> decoded(const troupe::Bytes& bytes, const troupe::DecodeLimits& limits = {}) {
  return troupe::decode<T>({.bytes = bytes}, limits);
}

// The bytes as they are written in a specification.
inline troupe::Bytes raw(std::initializer_list<int> numbers) {
  troupe::Bytes bytes;
  for (const int number : numbers) {
    bytes.push_back(static_cast<std::byte>(number));
  }
  return bytes;
}

inline troupe::Bytes raw(std::string_view text) {
  const auto bytes = troupe::bytes_of(text);
  return {bytes.begin(), bytes.end()};
}

}  // namespace troupe_test
