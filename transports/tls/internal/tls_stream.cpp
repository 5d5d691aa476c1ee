// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/tls/internal/tls_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace troupe::transports {
namespace {

constexpr std::size_t kRecord = SSL3_RT_MAX_PLAIN_LENGTH;
// Encrypted in one go and written in one call: what the stream may hold.
constexpr std::size_t kMostHeld = 2 * kRecord;
// Decrypted in one go, so that a sender does not wait for long.
constexpr std::size_t kMostRead = 4 * kRecord;

// A fatal alert in the clear, "unexpected message". Part of TLS's wire format.
constexpr std::array kNotTls{std::byte{21}, std::byte{3}, std::byte{3}, std::byte{0},
                             std::byte{2},  std::byte{2}, std::byte{10}};

std::span<const std::byte> bytes_in(const iovec& piece) {
  return {static_cast<const std::byte*>(piece.iov_base), piece.iov_len};
}

// Walks through pieces record by record.
class Records final {
 public:
  explicit Records(std::span<const iovec> pieces) : pieces_(pieces) { skip_empty(); }

  bool at_end() const noexcept { return pieces_.empty(); }

  // The next record's bytes: where they are if that fills it or is the last, else in `place`.
  std::span<const std::byte> next(RawBytes& place) {
    const auto rest = bytes_in(pieces_.front()).subspan(at_);
    if (rest.size() >= kRecord || pieces_.size() == 1) {
      const auto record = rest.first(std::min(rest.size(), kRecord));
      advance(record.size());
      return record;
    }
    if (place == nullptr) {
      place = make_raw_bytes(kRecord);
    }
    std::size_t size = 0;
    while (!at_end() && size < kRecord) {
      const auto part = bytes_in(pieces_.front()).subspan(at_);
      const std::size_t count = std::min(part.size(), kRecord - size);
      std::memcpy(place.get() + size, part.data(), count);
      size += count;
      advance(count);
    }
    return {place.get(), size};
  }

 private:
  void advance(std::size_t count) {
    at_ += count;
    skip_empty();
  }
  void skip_empty() {
    while (!pieces_.empty() && at_ == pieces_.front().iov_len) {
      pieces_ = pieces_.subspan(1);
      at_ = 0;
    }
  }

  std::span<const iovec> pieces_;
  std::size_t at_ = 0;
};

// That the certificate must be for `name`, and who is asked for where a host has several.
bool expect_name(SSL* session, const std::string& name) {
  X509_VERIFY_PARAM* check = SSL_get0_param(session);
  X509_VERIFY_PARAM_set_hostflags(
      check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const std::string number = name.substr(0, name.find('%'));  // without the link of an IPv6 one
  if (X509_VERIFY_PARAM_set1_ip_asc(check, number.c_str()) == 1) {
    return true;
  }
  ERR_clear_error();
  return X509_VERIFY_PARAM_set1_host(check, name.data(), name.size()) == 1 &&
         SSL_set_tlsext_host_name(session, name.c_str()) == 1;
}

}  // namespace

void TlsStream::FreeSession::operator()(ssl_st* session) const noexcept {
  SSL_free(session);
}

TlsStream::TlsStream(UniqueFd socket, TlsSide side, TlsExpectation expected)
    : side_(side), maker_(::getpid()), expected_(std::move(expected)), wire_(std::move(socket)) {}

Result<std::unique_ptr<TlsStream>> TlsStream::create(const TlsContext& context, UniqueFd socket,
                                                     TlsSide side, const std::string& peer_name) {
  std::unique_ptr<TlsStream> stream{
      new TlsStream{std::move(socket), side, {peer_name, context.trusts()}}};
  stream->session_.reset(SSL_new(context.get()));
  SSL* session = stream->session_.get();
  BIO* bio = session != nullptr ? stream->wire_.make_bio() : nullptr;
  if (bio == nullptr) {
    ERR_clear_error();
    return Error{Code::overloaded, "a TLS session could not be made; memory is short"};
  }
  SSL_set_bio(session, bio, bio);  // owns it, once for both directions
  SSL_set_app_data(session, &stream->expected_);
  if (side == TlsSide::listener) {
    SSL_set_accept_state(session);
    return stream;
  }
  SSL_set_connect_state(session);
  if (!expect_name(session, peer_name)) {
    ERR_clear_error();
    return Error{Code::invalid_argument, "\"" + peer_name + "\" can be no host's name"};
  }
  return stream;
}

TlsStream::~TlsStream() {
  if (!established_ || is_forked_copy()) {
    return;
  }
  ERR_clear_error();
  // Takes in what the peer's TLS has said unasked, such as tickets: closing a socket with unread
  // bytes is a reset, which throws away what was sent.
  std::byte unread{};
  std::size_t count = 0;
  if (!read_error_) {
    (void)SSL_peek_ex(session_.get(), &unread, 1, &count);
  }
  (void)try_finish();
  ERR_clear_error();
}

// ---- the handshake -----------------------------------------------------------------------------

Result<Progress> TlsStream::try_handshake() {
  const std::lock_guard lock{mutex_};
  if (!established_) {
    ERR_clear_error();
    const int done = SSL_do_handshake(session_.get());
    if (done != 1 && SSL_get_error(session_.get(), done) != SSL_ERROR_WANT_READ) {
      Error why = handshake_failure(side_, wire_, expected_);
      if (!wire_.waiting()) {
        (void)wire_.write(kNotTls);  // OpenSSL says nothing to who spoke no TLS at all
      }
      (void)wire_.try_send();  // the alert: why this end gives up
      return why;
    }
    established_ = done == 1;
  }
  auto sent = wire_.try_send();
  if (!sent) {
    return sent.error().within("the TLS handshake");
  }
  return established_ ? *sent : Progress::would_block;
}

Readiness TlsStream::readiness() const noexcept {
  return wire_.waiting() ? writable() : readable();
}

// ---- sending -----------------------------------------------------------------------------------

Result<Transfer> TlsStream::try_write(std::span<iovec> pieces, std::span<UniqueFd> fds) {
  if (!fds.empty()) {
    return Error{Code::invalid_argument,
                 "send file descriptors: this transport does not carry them; try unix:"};
  }
  if (is_forked_copy()) {
    return Error{Code::refused,
                 "send: this end belongs to the process that made it, of which this one is a "
                 "fork; two that go on with one TLS session would break its secrecy"};
  }
  const std::lock_guard lock{mutex_};
  auto before = send_locked();
  if (!before) {
    return before.error();
  }
  if (*before == Progress::would_block) {
    return Transfer{Transfer::Status::would_block, 0};
  }
  auto taken = encrypt(pieces);
  if (!taken) {
    return taken.error();
  }
  held_ = *taken;  // until send_locked finds that all has left
  if (auto sent = send_locked(); !sent) {
    return sent.error();
  }
  return Transfer{Transfer::Status::moved, *taken};
}

Result<std::size_t> TlsStream::encrypt(std::span<const iovec> pieces) {
  ERR_clear_error();
  std::size_t taken = 0;
  for (Records records{pieces}; !records.at_end() && taken < kMostHeld;) {
    const auto record = records.next(record_);
    std::size_t count = 0;
    if (SSL_write_ex(session_.get(), record.data(), record.size(), &count) != 1) {
      write_error_ = Error{Code::disconnected, "send: the TLS session is over: " + openssl_text(),
                           Effect::unknown};
      return *write_error_;
    }
    taken += count;
  }
  return taken;
}

// Writes what was encrypted.
Result<Progress> TlsStream::send_locked() {
  if (write_error_) {
    return *write_error_;
  }
  auto sent = wire_.try_send();
  if (!sent) {
    write_error_ = sent.error();
  } else if (*sent == Progress::done) {
    held_ = 0;
  }
  return sent;
}

bool TlsStream::is_forked_copy() const noexcept {
  return maker_ != ::getpid();
}

Result<Progress> TlsStream::try_flush() {
  const std::lock_guard lock{mutex_};
  return send_locked();
}

Result<Progress> TlsStream::try_finish() {
  if (is_forked_copy()) {
    return Progress::done;  // the original says it
  }
  const std::lock_guard lock{mutex_};
  if (!std::exchange(finished_, true)) {
    ERR_clear_error();
    (void)SSL_shutdown(session_.get());  // close_notify; fails where the session has
  }
  return send_locked();
}

// ---- receiving ---------------------------------------------------------------------------------

Result<Transfer> TlsStream::try_read(std::span<iovec> places, std::vector<UniqueFd>& /*fds*/) {
  const std::lock_guard lock{mutex_};
  holds_received_ = false;
  if (read_error_) {
    return *read_error_;
  }
  std::size_t total = 0;
  for (const iovec& place : places) {
    const std::span room{static_cast<std::byte*>(place.iov_base), place.iov_len};
    auto count = decrypt(room.first(std::min(room.size(), kMostRead - total)));
    if (!count) {
      return count.error();
    }
    total += *count;
    if (*count < room.size() || total == kMostRead) {
      break;
    }
  }
  if (wire_.waiting()) {
    (void)wire_.try_send();  // an answer to the peer's TLS; a failure is the next write's to tell
  }
  if (total > 0) {
    return Transfer{Transfer::Status::moved, total};
  }
  const bool ended = (SSL_get_shutdown(session_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  return Transfer{ended ? Transfer::Status::end : Transfer::Status::would_block, 0};
}

// As much as is here. An error or the end that follows some bytes is left to the next call.
Result<std::size_t> TlsStream::decrypt(std::span<std::byte> place) {
  std::size_t total = 0;
  while (total < place.size()) {
    ERR_clear_error();
    std::size_t count = 0;
    const int read =
        SSL_read_ex(session_.get(), place.data() + total, place.size() - total, &count);
    if (read == 1) {
      total += count;
      holds_received_ = SSL_has_pending(session_.get()) == 1;
      if (!holds_received_) {
        break;
      }
      continue;
    }
    switch (SSL_get_error(session_.get(), read)) {
      case SSL_ERROR_WANT_READ:
        holds_received_ = false;
        return total;
      case SSL_ERROR_ZERO_RETURN:
        holds_received_ = total > 0;
        return total;
      default:
        read_error_ = session_failure(wire_);
        if (total == 0) {
          return *read_error_;
        }
        holds_received_ = true;
        return total;
    }
  }
  return total;
}

// ---- both --------------------------------------------------------------------------------------

Readiness TlsStream::readable() const noexcept {
  return {wire_.socket(), POLLIN};
}

Readiness TlsStream::writable() const noexcept {
  return {wire_.socket(), POLLOUT};
}

Result<ByteStream::Ends> TlsStream::duplicate() const {
  return Error{Code::refused,
               "a TLS session stays in the process that made it; let the other process connect "
               "itself, or hand over an end of a pipe or unix: socket"};
}

}  // namespace troupe::transports
