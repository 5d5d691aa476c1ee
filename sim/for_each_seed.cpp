// SPDX-License-Identifier: Apache-2.0
#include "troupe/sim/for_each_seed.hpp"

#include "troupe/base/error.hpp"

#include <charconv>
#include <cstdlib>
#include <exception>
#include <string_view>

namespace troupe::sim {
namespace {

[[noreturn]] void fail(std::uint64_t seed, const std::string& what,
                       const std::function<std::string()>& trace) {
  const std::string number = std::to_string(seed);
  std::string text = "seed " + number + ": " + what + "; TROUPE_SEED=" + number + " runs it alone";
  if (trace) {
    text += "\n" + trace();
  }
  throw Error{Code::failed, std::move(text)};
}

}  // namespace

SeedRange seeds_to_run(std::size_t seeds) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes it
  const char* const wished = std::getenv("TROUPE_SEED");
  if (wished == nullptr) {
    return {1, seeds};
  }
  const std::string_view text{wished};
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw Error{Code::invalid_argument,
                "TROUPE_SEED is a number, not \"" + std::string{text} + "\""};
  }
  return {seed, seed};
}

void run_seed(std::uint64_t seed, const std::function<bool()>& body,
              const std::function<std::string()>& trace) {
  bool passed = false;
  try {
    passed = body();
  } catch (const std::exception& error) {
    fail(seed, error.what(), trace);
  }
  if (!passed) {
    fail(seed, "the test said no", trace);
  }
}

}  // namespace troupe::sim
