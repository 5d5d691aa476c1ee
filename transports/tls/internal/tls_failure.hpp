// SPDX-License-Identifier: Apache-2.0
#pragma once

// Why TLS came to nothing, in words: what is wrong, and what to try. Bytes that the peer wrote into
// its certificate are shown only where they are printable.

#include "troupe/base/error.hpp"

#include <cstdint>
#include <string>

struct asn1_string_st;
struct x509_store_ctx_st;

namespace troupe::transports {

class TlsWire;

enum class TlsSide : std::uint8_t { client, listener };

// What a session expects of its peer; the session's user data in OpenSSL.
struct TlsExpectation {
  std::string peer_name;  // of who listens
  std::string trusts;     // whose certificates are believed
  std::string failure{};  // what is wrong with the one that came; empty when nothing is
};

// OpenSSL's verify callback: leaves the verdict alone, and notes what is wrong.
int note_certificate_failure(int good, x509_store_ctx_st* store);

// Of a handshake that failed just now: refused, or disconnected.
Error handshake_failure(TlsSide side, const TlsWire& wire, const TlsExpectation& expected);

// Of an established session whose read failed just now: refused (the peer has refused this end's
// certificate), malformed (what came is not the peer's TLS), disconnected.
Error session_failure(const TlsWire& wire);

// What OpenSSL says of the last call that failed. Clears it.
std::string openssl_text();

// 2026-11-29
std::string date_of(const asn1_string_st* time);

}  // namespace troupe::transports
