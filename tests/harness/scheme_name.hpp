// SPDX-License-Identifier: Apache-2.0
#pragma once

// The name of a test's instance over a transport, of its scheme or of an address: letters, digits
// and underscores only.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace troupe::harness {

template <class T>
std::string scheme_name(const testing::TestParamInfo<T>& over) {
  const std::string_view text{over.param};
  std::string name{text.substr(0, text.find(':'))};
  std::ranges::replace(name, '+', '_');
  return name;
}

}  // namespace troupe::harness
