// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace troupe {

void check_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "troupe: check failed: %s (%s:%d)\n", expression, file, line);
  std::abort();
}

}  // namespace troupe
