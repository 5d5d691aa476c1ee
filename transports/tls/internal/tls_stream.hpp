// SPDX-License-Identifier: Apache-2.0
#pragma once

// TlsStream: the bytes of a TLS 1.3 session over a connected TCP socket: first its handshake, then
// what the stream engine reads and writes. Never blocks. One thread may read while another writes:
// OpenSSL's session is one object for both, so a lock is held while it works, which is as long as a
// few records take. Docs: docs/decisions/0010-tls-by-openssl.md.

#include "troupe/transports/stream/byte_stream.hpp"
#include "troupe/transports/stream/raw_bytes.hpp"
#include "troupe/transports/tls/internal/tls_context.hpp"
#include "troupe/transports/tls/internal/tls_failure.hpp"
#include "troupe/transports/tls/internal/tls_wire.hpp"

#include <sys/types.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

struct ssl_st;

namespace troupe::transports {

class TlsStream final : public ByteStream {
 public:
  // `peer_name`: what the listener's certificate must bear; a listener's side has none. Errors:
  // overloaded (memory), invalid_argument (it can be no name).
  static Result<std::unique_ptr<TlsStream>> create(const TlsContext& context, UniqueFd socket,
                                                   TlsSide side, const std::string& peer_name);
  ~TlsStream() override;

  // Goes on with the handshake. would_block: wait for readiness(). Done: the peer is who it has to
  // be, and bytes may cross. Errors: refused, disconnected, system; the stream is of no use then.
  Result<Progress> try_handshake();
  Readiness readiness() const noexcept;

  // ---- ByteStream: after the handshake ----
  Result<Transfer> try_write(std::span<iovec> pieces, std::span<UniqueFd> fds) override;
  std::size_t held() const noexcept override { return held_; }
  Result<Progress> try_flush() override;
  Result<Progress> try_finish() override;
  Result<Transfer> try_read(std::span<iovec> places, std::vector<UniqueFd>& fds) override;
  bool holds_received() const noexcept override { return holds_received_; }
  Readiness readable() const noexcept override;
  Readiness writable() const noexcept override;
  bool carries_fds() const noexcept override { return false; }
  Result<Ends> duplicate() const override;  // refused: the session's keys stay in this process

 private:
  struct FreeSession {
    void operator()(ssl_st* session) const noexcept;
  };

  TlsStream(UniqueFd socket, TlsSide side, TlsExpectation expected);

  bool is_forked_copy() const noexcept;
  Result<Progress> send_locked();
  Result<std::size_t> encrypt(std::span<const iovec> pieces);
  Result<std::size_t> decrypt(std::span<std::byte> place);

  const TlsSide side_;
  const pid_t maker_;  // a forked copy must not speak for the original

  std::mutex
      mutex_;  // guards what follows; held while OpenSSL works and for calls that do not block
  TlsExpectation expected_;
  TlsWire wire_;
  std::unique_ptr<ssl_st, FreeSession> session_;
  bool established_ = false;
  bool finished_ = false;  // the peer was told that nothing more comes
  std::optional<Error> write_error_;
  std::optional<Error> read_error_;

  // The sending thread's.
  std::size_t held_ = 0;
  RawBytes record_;  // pieces that are smaller than a record are gathered here

  bool holds_received_ = false;  // the receiving thread's
};

}  // namespace troupe::transports
