// SPDX-License-Identifier: Apache-2.0
#pragma once

// Certificates for tests, made when they are needed and valid around now: an Authority signs, a
// Wish says what is to be in one. Files in PEM form, keys readable by their owner only.

#include "harness/temporary_directory.hpp"
#include "troupe/transports/options.hpp"

#include <chrono>
#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace troupe::harness {

// The files of a certificate and its key.
struct Certificate {
  std::string file;
  std::string key;
};

struct Wish {
  std::string hosts = "DNS:localhost,IP:127.0.0.1,IP:::1";
  std::chrono::seconds from = -std::chrono::hours{1};  // counted from now
  std::chrono::seconds until = std::chrono::hours{24};
};

class Authority final {
 public:
  // Its files are in `directory`, and so are those of what it issues.
  Authority(std::string directory, std::string name);
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  const std::string& file() const noexcept { return own_.file; }  // what to trust
  Certificate issue(const std::string& name, const Wish& wish = {}) const;

 private:
  struct Free {
    void operator()(x509_st* certificate) const noexcept;
    void operator()(evp_pkey_st* key) const noexcept;
  };

  const std::string directory_;
  const std::unique_ptr<evp_pkey_st, Free> key_;
  std::unique_ptr<x509_st, Free> certificate_;
  Certificate own_;
};

// Signed by itself.
Certificate self_signed(const std::string& directory, const std::string& name,
                        const Wish& wish = {});
// The key of `certificate` again, behind a passphrase.
std::string with_passphrase(const Certificate& certificate, const std::string& file);

// One authority and a listener's certificate, for all tests of a process.
class TestCertificates final {
 public:
  static const TestCertificates& get();

  const std::string& directory() const noexcept { return directory_.path(); }
  const Authority& authority() const noexcept { return authority_; }
  const Certificate& listener() const noexcept { return listener_; }
  // For who listens with that certificate, and for who connects there.
  ConnectOptions of_listener() const {
    return {.tls = {.certificate = listener_.file, .private_key = listener_.key}};
  }
  ConnectOptions of_client() const { return {.tls = {.trust = authority_.file()}}; }

 private:
  const TemporaryDirectory directory_;
  const Authority authority_{directory_.path(), "authority"};
  const Certificate listener_ = authority_.issue("listener");
};

}  // namespace troupe::harness
