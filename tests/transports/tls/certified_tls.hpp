// SPDX-License-Identifier: Apache-2.0
#pragma once

// CertifiedTls: tls: for suites that know nothing of certificates: who listens shows that of
// TestCertificates, and who connects trusts it, where the options do not say otherwise.

#include "transports/tls/certificates.hpp"
#include "troupe/transports/tls/tls_transport.hpp"

#include <utility>

namespace troupe::harness {

class CertifiedTls final : public transports::Transport {
 public:
  std::string_view scheme() const noexcept override { return inner_.scheme(); }
  transports::Capabilities capabilities() const noexcept override { return inner_.capabilities(); }

  Result<std::unique_ptr<transports::Dial>> dial(const Address& address,
                                                 const ConnectOptions& options) override {
    ConnectOptions filled = options;
    if (filled.tls.trust.empty()) {
      filled.tls.trust = TestCertificates::get().authority().file();
    }
    return inner_.dial(address, filled);
  }
  Result<std::unique_ptr<transports::FrameListener>> listen(
      const Address& address, const ConnectOptions& options) override {
    ConnectOptions filled = options;
    if (filled.tls.certificate.empty()) {
      filled.tls.certificate = TestCertificates::get().listener().file;
      filled.tls.private_key = TestCertificates::get().listener().key;
    }
    return inner_.listen(address, filled);
  }
  Result<transports::ConnectionPair> pair(const Address& address, transports::Direction direction,
                                          const ConnectOptions& options) override {
    return inner_.pair(address, direction, options);
  }
  Result<std::unique_ptr<transports::FrameConnection>> adopt(
      transports::Handover handover) override {
    return inner_.adopt(std::move(handover));
  }

 private:
  transports::TlsTransport inner_;
};

}  // namespace troupe::harness
