// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/random.hpp"

#include "troupe/base/check.hpp"

#include <sys/random.h>

#include <cerrno>
#include <string_view>

namespace troupe {
namespace {

class SystemRandom final : public Random {
 public:
  std::uint64_t next() noexcept override {
    std::uint64_t number = 0;
    fill_random(std::as_writable_bytes(std::span{&number, 1}));
    return number;
  }
};

}  // namespace

std::string Random::name(std::size_t length) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string name(length, '\0');
  for (char& letter : name) {
    letter = kAlphabet[next() % kAlphabet.size()];
  }
  return name;
}

Random& Random::system() noexcept {
  static SystemRandom random;
  return random;
}

void fill_random(std::span<std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t filled = ::getrandom(bytes.data(), bytes.size(), 0);
    TROUPE_CHECK(filled > 0 || errno == EINTR);
    if (filled > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(filled));
    }
  }
}

}  // namespace troupe
