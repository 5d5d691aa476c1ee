// SPDX-License-Identifier: Apache-2.0
#pragma once

// TROUPE_CHECK: a bug of ours or of the caller, never the doing of a peer or of the kernel. Always
// on: prints the expression and its place, then aborts. Clang 14 lacks std::source_location, hence
// a macro.

namespace troupe {

[[noreturn]] void check_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace troupe

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): needs the expression's text and place
#define TROUPE_CHECK(expression)                        \
  (static_cast<bool>(expression) ? static_cast<void>(0) \
                                 : ::troupe::check_failed(#expression, __FILE__, __LINE__))
