// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/tls/internal/tls_failure.hpp"

#include "troupe/transports/stream/fd_messages.hpp"
#include "troupe/transports/tls/internal/tls_wire.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <memory>
#include <span>
#include <string_view>

namespace troupe::transports {
namespace {

constexpr std::size_t kMostNames = 4;
constexpr std::size_t kMostLetters = 80;

std::string printable(const ASN1_STRING* text) {
  const std::span bytes{ASN1_STRING_get0_data(text),
                        static_cast<std::size_t>(ASN1_STRING_length(text))};
  std::string shown;
  for (const unsigned char byte : bytes.first(std::min(bytes.size(), kMostLetters))) {
    shown += byte > 0x20 && byte < 0x7f ? static_cast<char>(byte) : '?';
  }
  return shown;
}

std::string text_of(const GENERAL_NAME* name) {
  if (name->type == GEN_DNS) {
    return printable(name->d.dNSName);
  }
  if (name->type != GEN_IPADD) {
    return {};
  }
  const int size = ASN1_STRING_length(name->d.iPAddress);
  if (size != 4 && size != 16) {
    return {};
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), text.data(),
              text.size());
  return text.data();
}

// "a.example, 10.0.0.1": whom a certificate is for.
std::string names_in(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> names{
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free};
  std::string shown;
  std::size_t count = 0;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const std::string name = text_of(sk_GENERAL_NAME_value(names.get(), i));
    if (name.empty()) {
      continue;
    }
    if (++count > kMostNames) {
      return shown + ", …";
    }
    shown += (shown.empty() ? "" : ", ") + name;
  }
  return shown.empty() ? "no host" : shown;
}

// An alert of the peer: why it gave up.
std::string alert_text(int alert) {
  const std::string said =
      std::string{"the peer refuses: "} + SSL_alert_desc_string_long(alert) + "; ";
  switch (alert) {
    case SSL_AD_PROTOCOL_VERSION:
      return said + "one of the two needs TLS 1.3 and the other does not speak it";
    case SSL_AD_CERTIFICATE_REQUIRED:
    case SSL_AD_NO_CERTIFICATE:
      return said +
             "it serves only clients with a certificate (TlsOptions::certificate, "
             "TlsOptions::private_key)";
    case SSL_AD_UNKNOWN_CA:
      return said + "it does not trust who signed this end's certificate (its TlsOptions::trust)";
    case SSL_AD_CERTIFICATE_EXPIRED:
      return said + "this end's certificate is out of date for it; are both clocks right?";
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_CERTIFICATE_REVOKED:
      return said +
             "this end's certificate does not suit it: is it for this host, and for this "
             "use?";
    default:
      return said + "its log may say more";
  }
}

bool is_alert(int reason) {
  return reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256;
}

Error broken(const char* doing, int os_errno) {
  errno = os_errno;
  return socket_failed(doing);
}

}  // namespace

std::string openssl_text() {
  const unsigned long error = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(error);
  ERR_clear_error();
  return reason != nullptr ? reason : "OpenSSL does not say why";
}

std::string date_of(const asn1_string_st* time) {
  std::tm parts{};
  std::array<char, 16> text{};
  if (ASN1_TIME_to_tm(time, &parts) != 1 ||
      std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts) == 0) {
    return "a day that cannot be read";
  }
  return text.data();
}

int note_certificate_failure(int good, x509_store_ctx_st* store) {
  if (good == 1) {
    return good;
  }
  const auto* session =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& expected = *static_cast<TlsExpectation*>(SSL_get_app_data(session));
  const X509* certificate = X509_STORE_CTX_get_current_cert(store);
  const int error = X509_STORE_CTX_get_error(store);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      expected.failure = "the peer's certificate, or one that it rests on, has expired on " +
                         date_of(X509_get0_notAfter(certificate)) +
                         "; give the peer a new one; is this host's clock right?";
      break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      expected.failure = "the peer's certificate, or one that it rests on, is valid only from " +
                         date_of(X509_get0_notBefore(certificate)) +
                         " on; are both hosts' clocks right?";
      break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      expected.failure = "the peer's certificate is for " + names_in(certificate) + ", not for " +
                         expected.peer_name +
                         "; connect by a name that it bears, or name one in TlsOptions::peer_name";
      break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      expected.failure = "the peer's certificate is not signed by one of " + expected.trusts +
                         "; name its authority's certificate, or its own, in TlsOptions::trust";
      break;
    default:
      expected.failure = std::string{"the peer's certificate does not suit: "} +
                         X509_verify_cert_error_string(error);
  }
  return good;
}

Error handshake_failure(TlsSide side, const TlsWire& wire, const TlsExpectation& expected) {
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
  const std::string text = openssl_text();
  const bool client = side == TlsSide::client;
  const bool reset = wire.error() == ECONNRESET || wire.error() == EPIPE;
  if (wire.error() != 0 && !reset) {
    return broken("the TLS handshake", wire.error());
  }
  if (wire.ended() || reset) {
    return {Code::refused, client ? "the peer has hung up during the TLS handshake; is it a "
                                    "listener of tls:, and not of tcp:? Its log may say why"
                                  : "it has hung up during the TLS handshake"};
  }
  if (is_alert(reason)) {
    return {Code::refused, alert_text(reason - SSL_AD_REASON_OFFSET)};
  }
  switch (reason) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return {Code::refused, expected.failure.empty() ? text : expected.failure};
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return {Code::refused,
              "it has shown no certificate, and TlsOptions::trust asks for one; a client names its "
              "own in TlsOptions::certificate and TlsOptions::private_key"};
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
      return {Code::refused, "the peer speaks an older TLS only; TLS 1.3 is needed"};
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_ENCRYPTED_LENGTH_TOO_LONG:
    case SSL_R_UNEXPECTED_MESSAGE:
    case SSL_R_UNEXPECTED_RECORD:
    case SSL_R_BAD_RECORD_TYPE:
      return {Code::refused, client
                                 ? "what the peer says is not TLS; is it a listener of tcp:, and "
                                   "not of tls:?"
                                 : "what it says is not TLS; is it a client of tcp:, and not of "
                                   "tls:?"};
    default:
      return {Code::refused, "the TLS handshake failed: " + text};
  }
}

Error session_failure(const TlsWire& wire) {
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
  const std::string text = openssl_text();
  if (wire.error() != 0) {
    return broken("receive", wire.error());
  }
  if (wire.ended()) {
    return {Code::disconnected,
            "the peer is gone without a word of TLS: it was killed, or somebody has cut the "
            "connection off; messages may be missing at the end",
            Effect::unknown};
  }
  if (is_alert(reason)) {
    return {Code::refused, alert_text(reason - SSL_AD_REASON_OFFSET), Effect::unknown};
  }
  return {Code::malformed, "what came is not what the peer encrypted: " + text, Effect::unknown};
}

}  // namespace troupe::transports
