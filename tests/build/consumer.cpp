// SPDX-License-Identifier: Apache-2.0
// What a user's first program might be; built against the installed tree and against the source
// tree.

#include "troupe/base/result.hpp"

#include <cstdio>
#include <string_view>

troupe::Result<int> length_of(std::string_view name) {
  if (name.empty()) {
    return troupe::Error(troupe::Code::invalid_argument, "a name has at least one letter");
  }
  return static_cast<int>(name.size());
}

int main() {
  const auto length = length_of("troupe");
  const auto refused = length_of("");
  if (!length || *length != 6 || refused) {
    return 1;
  }
  std::printf("consumer: %s\n", refused.error().what());
  return 0;
}
