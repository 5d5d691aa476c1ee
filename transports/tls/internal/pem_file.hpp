// SPDX-License-Identifier: Apache-2.0
#pragma once

// PemFile: certificates and private keys from files in PEM form. Never asks for a passphrase, and
// leaves no copy of a key's text in memory.

#include "troupe/base/result.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct x509_st;
struct evp_pkey_st;

namespace troupe::transports {

class PemFile final {
 public:
  struct Free {
    void operator()(x509_st* certificate) const noexcept;
    void operator()(evp_pkey_st* key) const noexcept;
  };
  using Certificate = std::unique_ptr<x509_st, Free>;
  using Key = std::unique_ptr<evp_pkey_st, Free>;

  // All of them, at least one. Errors: not_found, refused (permission), invalid_argument (none in
  // it, too large, no regular file), system; `doing` names the file.
  static Result<std::vector<Certificate>> certificates(const std::filesystem::path& path,
                                                       const std::string& doing);
  // As well refused: anybody may read it, or more than its owner may write it.
  static Result<Key> private_key(const std::filesystem::path& path, const std::string& doing);
};

}  // namespace troupe::transports
