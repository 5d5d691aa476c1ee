// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/fifo/fifo_hello.hpp"

#include <algorithm>

namespace troupe::transports {
namespace {

// What may be a hello, from its magic on.
struct Begun {
  bool is_garbage = false;
  bool is_whole = false;
  std::string_view path;  // as far as it is here
};

Begun begun_at(std::string_view bytes) {
  if (bytes.size() < kHelloHead) {
    return {};
  }
  const auto high = static_cast<unsigned char>(bytes[kHelloMagic.size()]);
  const auto low = static_cast<unsigned char>(bytes[kHelloMagic.size() + 1]);
  const std::size_t length = std::size_t{high} * 256U + low;
  const std::string_view path = bytes.substr(kHelloHead, length);
  const bool another_begins = bytes.find(kHelloMagic, kHelloHead) < kHelloHead + length;
  const bool is_garbage = length == 0 || length > kMostHelloPath || another_begins ||
                          (!path.empty() && !fits_hello(path));
  return {is_garbage, path.size() == length, path};
}

}  // namespace

bool fits_hello(std::string_view path) noexcept {
  return path.starts_with('/') && path.size() <= kMostHelloPath &&
         path.find('\0') == std::string_view::npos &&
         path.find(kHelloMagic) == std::string_view::npos;
}

std::string encode_hello(std::string_view path) {
  std::string hello{kHelloMagic};
  hello += static_cast<char>(path.size() >> 8U);
  hello += static_cast<char>(path.size() & 0xffU);
  return hello.append(path);
}

std::optional<std::string> HelloParser::next() {
  const std::string_view all{pending_};
  std::optional<std::string> found;
  std::size_t at = all.find(kHelloMagic);
  for (; at != std::string_view::npos; at = all.find(kHelloMagic, at + 1)) {
    const Begun begun = begun_at(all.substr(at));
    if (begun.is_garbage) {
      continue;
    }
    if (begun.is_whole) {
      found = begun.path;
      at += kHelloHead + begun.path.size();
    }
    break;
  }
  // The end of garbage may be the beginning of a magic.
  pending_.erase(0, at != std::string_view::npos
                        ? at
                        : all.size() - std::min(all.size(), kHelloMagic.size() - 1));
  return found;
}

}  // namespace troupe::transports
