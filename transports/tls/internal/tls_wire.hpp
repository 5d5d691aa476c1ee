// SPDX-License-Identifier: Apache-2.0
#pragma once

// TlsWire: the socket below a TLS session, as OpenSSL reads and writes it. Reading asks the socket;
// what OpenSSL writes is collected and leaves with try_send, so that a write of OpenSSL never fails
// half-way, several records leave in one call, and no flag of the socket is changed. One thread at
// a time.

#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/frame_connection.hpp"
#include "troupe/transports/socket/silence_watch.hpp"

#include <cstddef>
#include <span>
#include <vector>

struct bio_st;

namespace troupe::transports {

class TlsWire final {
 public:
  // More than TLS itself ever has to say; a peer that makes it say more without reading is cut off.
  static constexpr std::size_t kMostWaiting = 256U << 10U;

  explicit TlsWire(UniqueFd socket) : socket_(std::move(socket)), watch_(socket_.get()) {}

  int socket() const noexcept { return socket_.get(); }

  // What OpenSSL is given, and then owns; null when memory is short. Refers to this object.
  bio_st* make_bio();

  // Writes what OpenSSL has put out. Errors: as a socket's send.
  Result<Progress> try_send();
  bool waiting() const noexcept { return sent_ < out_.size(); }

  // Why a read of OpenSSL found nothing for ever: the peer's end, or an errno.
  bool ended() const noexcept { return ended_; }
  int error() const noexcept { return error_; }

  // ---- for the BIO ----
  enum class Read : std::uint8_t { some, nothing_now, never_again };
  Read read(std::span<std::byte> place, std::size_t& count) noexcept;
  bool write(std::span<const std::byte> bytes);  // false: too much is waiting

 private:
  const UniqueFd socket_;
  const SilenceWatch watch_;
  std::vector<std::byte> out_;
  std::size_t sent_ = 0;  // of out_
  bool ended_ = false;
  int error_ = 0;
};

}  // namespace troupe::transports
