// SPDX-License-Identifier: Apache-2.0
#pragma once

// ScriptedStream: a peer whose bytes come in portions as a seed says, with pauses, and then end.
// What is written to it is taken in portions too, and kept.

#include "troupe/base/bytes.hpp"
#include "troupe/transports/stream/byte_stream.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace troupe_fuzz {

class ScriptedStream final : public troupe::transports::ByteStream {
 public:
  using Transfer = troupe::transports::Transfer;

  ScriptedStream(std::span<const std::byte> script, std::uint32_t seed)
      : script_(script), state_(seed) {}

  troupe::Result<Transfer> try_read(std::span<iovec> places,
                                    std::vector<troupe::UniqueFd>& /*fds*/) override {
    if (script_.empty()) {
      return Transfer{Transfer::Status::end, 0};
    }
    std::size_t left = std::min(portion(), script_.size());
    if (left == 0) {
      return Transfer{Transfer::Status::would_block, 0};
    }
    std::size_t moved = 0;
    for (const iovec& place : places) {
      const std::size_t count = std::min(left, place.iov_len);
      if (count > 0) {
        std::memcpy(place.iov_base, script_.data(), count);
        script_ = script_.subspan(count);
        left -= count;
        moved += count;
      }
    }
    return Transfer{Transfer::Status::moved, moved};
  }

  troupe::Result<Transfer> try_write(std::span<iovec> pieces,
                                     std::span<troupe::UniqueFd> /*fds*/) override {
    const std::size_t most = portion();
    if (most == 0) {
      return Transfer{Transfer::Status::would_block, 0};
    }
    const std::size_t count = std::min(most, pieces[0].iov_len);
    const auto* const bytes = static_cast<const std::byte*>(pieces[0].iov_base);
    written.insert(written.end(), bytes, bytes + count);
    return Transfer{Transfer::Status::moved, count};
  }

  troupe::transports::Readiness readable() const noexcept override { return {}; }
  troupe::transports::Readiness writable() const noexcept override { return {}; }
  bool carries_fds() const noexcept override { return false; }
  troupe::Result<Ends> duplicate() const override { return Ends{}; }

  troupe::Bytes written;

 private:
  // Small ones mostly, all of it at times; 0: not now.
  std::size_t portion() {
    state_ = state_ * 1664525U + 1013904223U;
    const std::uint32_t choice = state_ >> 16U;
    return choice % 8 == 0 ? 0 : choice % 8 < 3 ? 1U << 20U : choice % 16 + 1;
  }

  std::span<const std::byte> script_;
  std::uint32_t state_;
};

}  // namespace troupe_fuzz
