// SPDX-License-Identifier: Apache-2.0
#pragma once

// Arguments: what follows a command, one by one; and the values that it may hold.

#include "troupe/base/clock.hpp"
#include "troupe/base/result.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace troupe::tools {

inline Error wrong(std::string what) {
  return Error{Code::invalid_argument, std::move(what)};
}

class Arguments final {
 public:
  explicit Arguments(std::span<const char* const> arguments) : rest_(arguments) {}

  bool next() {
    if (rest_.empty()) return false;
    text_ = rest_.front();
    rest_ = rest_.subspan(1);
    const std::size_t equals = text_.starts_with("--") ? text_.find('=') : std::string_view::npos;
    name_ = text_.substr(0, equals);
    value_ =
        equals != std::string_view::npos ? std::optional{text_.substr(equals + 1)} : std::nullopt;
    return true;
  }
  // Whether the present one is this option, with or without a value.
  bool is(std::string_view name) const { return name_ == name; }
  bool is_plain() const { return !text_.starts_with('-') || text_ == "-"; }
  std::string_view text() const { return text_; }

  // The option's value: --name=VALUE or --name VALUE.
  Result<std::string_view> value() {
    if (value_) return *value_;
    if (rest_.empty()) return wrong(std::string{name_} + " needs a value");
    value_ = rest_.front();
    rest_ = rest_.subspan(1);
    return *value_;
  }
  // The same, as parse(name, value) reads it, into `place`.
  template <class Place, class Parse>
  Result<void> value(Place& place, Parse parse) {
    const auto text = value();
    if (!text) return text.error();
    auto parsed = parse(name_, *text);
    if (!parsed) return parsed.error();
    place = *std::move(parsed);
    return {};
  }
  Result<void> no_value() const {
    return value_ ? wrong(std::string{name_} + " takes no value") : Result<void>{};
  }
  Result<void> flag(bool& place) const {
    place = true;
    return no_value();
  }

 private:
  std::span<const char* const> rest_;
  std::string_view text_;
  std::string_view name_;
  std::optional<std::string_view> value_;
};

// The number that all of `text` is.
template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The values of the option `name`. Errors: invalid_argument.
inline Result<std::uint64_t> at_least_one(std::string_view name, std::string_view text) {
  const auto count = number_of<std::uint64_t>(text);
  if (count && *count > 0) return *count;
  return wrong(std::string{name} + " takes a number from 1, not \"" + std::string{text} + "\"");
}

inline Result<Duration> seconds(std::string_view name, std::string_view text) {
  constexpr double kMost = 1e9;  // some 30 years
  const auto number = number_of<double>(text);
  if (number && *number >= 0 && *number <= kMost) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>{*number});
  }
  return wrong(std::string{name} + " takes seconds, as 5 or 0.5, not \"" + std::string{text} +
               "\"");
}

inline Result<std::filesystem::path> path(std::string_view name, std::string_view text) {
  if (!text.empty()) return std::filesystem::path{text};
  return wrong(std::string{name} + " takes a path");
}

inline Result<std::string> any_text(std::string_view /*name*/, std::string_view text) {
  return std::string{text};
}

}  // namespace troupe::tools
