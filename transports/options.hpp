// SPDX-License-Identifier: Apache-2.0
#pragma once

// How connections are made: what both a listener and a client may choose.

#include "troupe/base/clock.hpp"
#include "troupe/transports/auth_key.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace troupe {

// How messages are told apart in a stream of bytes.
enum class Framing : std::uint8_t {
  python,  // a length before each, as Python's multiprocessing.connection has it
  lines,   // a message a line, without its line end: for shells
  raw,     // whatever one read returns: for foreign programs
};

// What tls: needs, as files in PEM form; the others do not look at it. Files are read when a
// listener is made, and at each connect.
struct TlsOptions {
  // This end's certificate, then those of the authorities between it and what the peer trusts. A
  // listener needs one; who connects, only where the listener asks for it.
  std::filesystem::path certificate{};
  // The key of that certificate: without a passphrase, and readable by nobody but its owner and its
  // group.
  std::filesystem::path private_key{};
  // Whose certificates to believe: those of authorities, or of the peer itself. Who connects trusts
  // whom the system trusts when it is empty. A listener that has it serves only clients that show
  // such a certificate.
  std::filesystem::path trust{};
  // The name or number that the certificate of who listens must bear; empty: the address's host.
  std::string peer_name{};
};

// What zmq+tcp: and zmq+ipc: need to encrypt (CURVE, see https://rfc.zeromq.org/spec/26/): key
// files as `troupe keygen` makes them, which pyzmq reads, too. The other transports do not look at
// it. Files are read when a listener is made, and at each connect.
struct CurveOptions {
  // This end's own key. A listener that has one serves only clients that know its public key. Who
  // connects and has none is nobody in particular.
  std::filesystem::path secret_key{};
  // Who connects: the public key of the listener; empty: in the clear.
  std::filesystem::path server_key{};
  // A listener: the public keys of the clients that it serves, one a line, whatever follows it;
  // lines that begin with # do not count. Read again when it has changed, for clients that come
  // then. Empty: every client.
  std::filesystem::path clients{};
};

struct ConnectOptions {
  AuthKey key{};  // empty: no authentication
  Framing framing = Framing::python;
  std::size_t max_message = 64U << 20U;          // bytes; a larger one is refused on both sides
  Duration handshake = std::chrono::seconds{5};  // how long a peer may take to prove itself
  // Between hosts: a peer whose kernel has not answered for so long is lost (disconnected); its
  // process may be stopped or busy for as long as it likes. To the second, at least 2; up to half
  // as much again while something is under way to it.
  Duration lost_after = std::chrono::seconds{30};
  TlsOptions tls{};
  CurveOptions curve{};
};

}  // namespace troupe
