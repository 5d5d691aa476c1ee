// SPDX-License-Identifier: Apache-2.0
#pragma once

// bind and task: functions with what they need, as values that another process can run.
//
//   Process worker{runtime, bind(resize, 640, 480), "cat.png"};   // resize(640, 480, "cat.png")
//   there constexpr auto kShrink = task("shrink", shrink);              // a name that two programs
//   share

#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace troupe {

// A function with its first arguments. Those are messages, and are encoded when it is sent. A
// value.
template <class F, class... X>
class Bound final {
 public:
  explicit Bound(F run, std::tuple<X...> first) : run_(std::move(run)), first_(std::move(first)) {}

  const F& function() const noexcept { return run_; }
  const std::tuple<X...>& arguments() const noexcept { return first_; }

  // function(bound…, rest…)
  template <class... Rest>
  decltype(auto) operator()(Rest&&... rest) const {
    return std::apply(
        [&](const X&... bound) -> decltype(auto) {
          return run_(bound..., std::forward<Rest>(rest)...);
        },
        first_);
  }
  // function(runtime, bound…, rest…)
  template <class Runtime, class... Rest>
  decltype(auto) with_runtime(Runtime& runtime, Rest&&... rest) const {
    return std::apply(
        [&](const X&... bound) -> decltype(auto) {
          return run_(runtime, bound..., std::forward<Rest>(rest)...);
        },
        first_);
  }

 private:
  F run_;
  std::tuple<X...> first_;
};

// Text is kept as a std::string: a pointer means nothing elsewhere.
template <class X>
using BoundArgument = std::conditional_t<std::is_same_v<std::decay_t<X>, const char*> ||
                                             std::is_same_v<std::decay_t<X>, char*>,
                                         std::string, std::decay_t<X>>;

// `function`: a function or a lambda without captures. It is called with `arguments` before all
// others (after a Runtime&, where it takes one).
template <class F, class... X>
Bound<std::decay_t<F>, BoundArgument<X>...> bind(F&& function, X&&... arguments) {
  return Bound<std::decay_t<F>, BoundArgument<X>...>{
      std::forward<F>(function), std::tuple<BoundArgument<X>...>{std::forward<X>(arguments)...}};
}

template <class Signature>
class Task;

// A function under a name. What comes from a listener may run nothing but the tasks that a program
// offers: the names are the list of what is allowed, and mean the same in every build. A value.
template <class R, class... X>
class Task<R(X...)> final {
 public:
  using Function = R (*)(X...);

  constexpr Task(std::string_view name, Function run) noexcept : name_(name), run_(run) {}

  constexpr std::string_view name() const noexcept { return name_; }
  constexpr Function function() const noexcept { return run_; }
  R operator()(X... arguments) const { return run_(std::forward<X>(arguments)...); }

 private:
  std::string_view name_;
  Function run_;
};

template <class R, class... X>
constexpr Task<R(X...)> task(std::string_view name, R (*function)(X...)) noexcept {
  return {name, function};
}

}  // namespace troupe
