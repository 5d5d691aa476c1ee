// SPDX-License-Identifier: Apache-2.0
#pragma once

// for_each_seed: runs a test under many seeds and names the first that fails.
//
//   for_each_seed(1000, [](World& world) { ... });                 // fails by an exception,
//   for_each_seed(1000, [](World& world) { return money == 100; });  // or by false
//
// With GoogleTest's EXPECT_ macros: end the body with `return !testing::Test::HasFailure();`.
// TROUPE_SEED=n in the environment runs that one only.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>

namespace troupe::sim {

// What is shown of the trace of a World that fails.
inline constexpr std::size_t kTraceShown = 40;

struct SeedRange {
  std::uint64_t first = 1;
  std::uint64_t last = 0;
  bool empty() const noexcept { return first > last; }
};

// 1 to `seeds`, or what the environment says. Throws Error (invalid_argument) where that is no
// number.
SeedRange seeds_to_run(std::size_t seeds);

// Throws Error (failed), which names the seed and says what went wrong, when `body` returns false
// or throws. `trace`: what there is to show of it.
void run_seed(std::uint64_t seed, const std::function<bool()>& body,
              const std::function<std::string()>& trace);

template <class F, class X>
bool passes(F& body, X& argument) {
  if constexpr (std::same_as<std::invoke_result_t<F&, X&>, bool>) {
    return body(argument);
  } else {
    body(argument);
    return true;
  }
}

// body(std::uint64_t seed), which makes the World itself.
template <class F>
requires std::invocable<F&, std::uint64_t>
void for_each_seed(std::size_t seeds, F body) {
  for (SeedRange range = seeds_to_run(seeds); !range.empty(); ++range.first) {
    run_seed(
        range.first, [&] { return passes(body, range.first); }, nullptr);
  }
}

}  // namespace troupe::sim
