// SPDX-License-Identifier: Apache-2.0
#pragma once

// LeftForEver: what its thread allocates during its life is let pass by the leak sanitizer, with
// all that hangs on it. For what a handler has that never goes on since its runtime is gone: it
// stays, by design, on a stack that the sanitizer does not look into.

#if defined(__SANITIZE_ADDRESS__)
#define TROUPE_TEST_LEAK_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TROUPE_TEST_LEAK_SANITIZER
#endif
#endif
#ifdef TROUPE_TEST_LEAK_SANITIZER
#include <sanitizer/lsan_interface.h>
#endif

namespace troupe::harness {

class LeftForEver final {
 public:
  // NOLINTNEXTLINE(modernize-use-equals-default): it does something under the sanitizer
  LeftForEver() noexcept {
#ifdef TROUPE_TEST_LEAK_SANITIZER
    __lsan_disable();
#endif
  }
  LeftForEver(const LeftForEver&) = delete;
  LeftForEver& operator=(const LeftForEver&) = delete;
  ~LeftForEver() {  // NOLINT(modernize-use-equals-default): not with that sanitizer
#ifdef TROUPE_TEST_LEAK_SANITIZER
    __lsan_enable();
#endif
  }
};

}  // namespace troupe::harness
