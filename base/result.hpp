// SPDX-License-Identifier: Apache-2.0
#pragma once

// Result<T>: a value or an Error. Our small subset of std::expected, which C++20 lacks.
//
// `if (auto x = call())` always means "it worked, and it is so"; value() throws the Error for those
// who prefer exceptions. Result<bool> does not convert to bool: it would mean "the question was
// answered".

#include "troupe/base/check.hpp"
#include "troupe/base/error.hpp"

#include <type_traits>
#include <utility>
#include <variant>

namespace troupe {

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  // NOLINTBEGIN(google-explicit-constructor): a function returns either plainly.
  Result(T held) : state_(std::in_place_index<0>, std::move(held)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  // NOLINTEND(google-explicit-constructor)

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept requires(!std::is_same_v<T, bool>) { return has_value(); }
  explicit operator bool() const noexcept requires(std::is_same_v<T, bool>) = delete;

  // Why there is no value. Only when has_value() is false.
  const Error& error() const {
    TROUPE_CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }

  // The value; throws the Error when there is none.
  T& value() & {
    throw_if_error();
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    throw_if_error();
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    throw_if_error();
    return std::move(*std::get_if<0>(&state_));
  }
  T value_or(T fallback) const {
    return has_value() ? *std::get_if<0>(&state_) : std::move(fallback);
  }

  // The value. Only when has_value() is true.
  T& operator*() & {
    TROUPE_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& operator*() const& {
    TROUPE_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& operator*() && {
    TROUPE_CHECK(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T* operator->() {
    TROUPE_CHECK(has_value());
    return std::get_if<0>(&state_);
  }
  const T* operator->() const {
    TROUPE_CHECK(has_value());
    return std::get_if<0>(&state_);
  }

 private:
  void throw_if_error() const {
    if (!has_value()) {
      throw *std::get_if<1>(&state_);
    }
  }

  std::variant<T, Error> state_;
};

// Success or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a function returns an error plainly.
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const noexcept { return error_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  const Error& error() const {
    TROUPE_CHECK(!has_value());
    return *std::get_if<1>(&error_);
  }
  void value() const {
    if (!has_value()) {
      throw *std::get_if<1>(&error_);
    }
  }

 private:
  std::variant<std::monostate, Error> error_;
};

}  // namespace troupe
