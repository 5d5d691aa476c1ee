// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/tls/internal/tls_wire.hpp"

#include "troupe/transports/stream/fd_messages.hpp"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace troupe::transports {
namespace {

TlsWire& wire_of(BIO* bio) {
  return *static_cast<TlsWire*>(BIO_get_data(bio));
}

int read_bio(BIO* bio, char* place, int size) {
  BIO_clear_retry_flags(bio);
  std::size_t count = 0;
  const std::span room{place, static_cast<std::size_t>(size)};
  switch (wire_of(bio).read(std::as_writable_bytes(room), count)) {
    case TlsWire::Read::some:
      return static_cast<int>(count);
    case TlsWire::Read::nothing_now:
      BIO_set_retry_read(bio);
      return -1;
    case TlsWire::Read::never_again:
      break;
  }
  return -1;
}

int write_bio(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const std::span content{bytes, static_cast<std::size_t>(size)};
  return wire_of(bio).write(std::as_bytes(content)) ? size : -1;
}

long control_bio(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// Immutable, and there as long as the program is.
const BIO_METHOD* method() {
  static const BIO_METHOD* const made = [] {
    BIO_METHOD* ours = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "troupe");
    if (ours != nullptr) {
      BIO_meth_set_read(ours, read_bio);
      BIO_meth_set_write(ours, write_bio);
      BIO_meth_set_ctrl(ours, control_bio);
    }
    return ours;
  }();
  return made;
}

}  // namespace

bio_st* TlsWire::make_bio() {
  BIO* bio = method() != nullptr ? BIO_new(method()) : nullptr;
  if (bio != nullptr) {
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
  }
  return bio;
}

Result<Progress> TlsWire::try_send() {
  while (waiting()) {
    const std::span rest = std::span{out_}.subspan(sent_);
    std::array<iovec, 1> piece{iovec{rest.data(), rest.size()}};
    const auto moved = send_with_fds(socket_.get(), piece, std::span<const int>{});
    if (!moved) {
      return moved.error();
    }
    if (moved->status == Transfer::Status::would_block) {
      return Progress::would_block;
    }
    sent_ += moved->bytes;
  }
  out_.clear();
  sent_ = 0;
  return Progress::done;
}

TlsWire::Read TlsWire::read(std::span<std::byte> place, std::size_t& count) noexcept {
  for (;;) {
    const ssize_t received = ::recv(socket_.get(), place.data(), place.size(), MSG_DONTWAIT);
    if (received > 0) {
      count = static_cast<std::size_t>(received);
      return Read::some;
    }
    if (received < 0 && errno == EINTR) {
      continue;
    }
    if (received < 0 && errno == EAGAIN) {
      return Read::nothing_now;
    }
    ended_ = received == 0;
    error_ = received == 0 ? 0 : errno;
    return Read::never_again;
  }
}

bool TlsWire::write(std::span<const std::byte> bytes) {
  if (out_.size() - sent_ + bytes.size() > kMostWaiting) {
    return false;
  }
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  return true;
}

}  // namespace troupe::transports
