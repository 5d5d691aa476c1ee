// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/auth/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace troupe::transports {
namespace {

const EVP_MD* find(std::string_view name) {
  if (name == "sha256") {
    return EVP_sha256();
  }
  if (name == "md5") {
    return EVP_md5();
  }
  if (name == "sha384") {
    return EVP_sha384();
  }
  if (name == "sha3_256") {
    return EVP_sha3_256();
  }
  if (name == "sha3_384") {
    return EVP_sha3_384();
  }
  return nullptr;
}

const unsigned char* letters(std::span<const std::byte> bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the library's byte type
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

std::optional<Bytes> hmac(std::string_view digest, std::span<const std::byte> key,
                          std::span<const std::byte> message) {
  const EVP_MD* method = find(digest);
  if (method == nullptr) {
    return std::nullopt;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  unsigned int size = 0;
  if (HMAC(method, key.data(), static_cast<int>(key.size()), letters(message), message.size(),
           code.data(), &size) == nullptr) {
    return std::nullopt;
  }
  const auto bytes = std::as_bytes(std::span{code}.first(size));
  return Bytes(bytes.begin(), bytes.end());
}

bool equal_in_constant_time(std::span<const std::byte> a, std::span<const std::byte> b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace troupe::transports
