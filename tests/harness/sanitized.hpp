// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a sanitizer that keeps memory of its own is at work: it brings its own operator new, and
// what is freed stays for a while.

#include <cstddef>

// NOLINTBEGIN(cppcoreguidelines-macro-usage): the preprocessor asks, too
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TROUPE_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TROUPE_TEST_SANITIZED 1
#endif
#endif
#ifndef TROUPE_TEST_SANITIZED
#define TROUPE_TEST_SANITIZED 0
#endif
// NOLINTEND(cppcoreguidelines-macro-usage)

namespace troupe::harness {

inline constexpr bool kSanitized = TROUPE_TEST_SANITIZED != 0;

// Of a program that has threads: a sanitizer's locks are in it as another thread held them.
inline constexpr const char* kNoThreadsInAFork = "under a sanitizer a fork cannot make threads";

// Large counts are smaller with a sanitizer, which takes much more memory and time for each.
constexpr std::size_t scaled(std::size_t count) noexcept {
  return kSanitized ? count / 50 : count;
}

}  // namespace troupe::harness
