// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writer: appends values to an Encoded as msgpack. A Codec<T> of yours is handed one and writes
// exactly one value with it. What goes wrong is kept: later calls do nothing harmful, and encode()
// returns the first error. One thread at a time.

#include "troupe/base/buffer.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/serialization/encoded.hpp"
#include "troupe/serialization/limits.hpp"
#include "troupe/serialization/wire.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace troupe {

class Writer final {
 public:
  explicit Writer(Encoded& out, const EncodeLimits& limits = {})
      : out_(out), limits_(limits), start_{out.head.size(), out.borrowed.size(), out.fds.size()} {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() = default;

  // Any value that can be a message: codec.hpp defines it.
  template <class T>
  void value(const T& value);

  void nil() { out_.head.commit(wire::put_nil(room(1))); }
  void boolean(bool value) { out_.head.commit(wire::put_boolean(room(1), value)); }
  void integer(std::int64_t value) { commit(wire::put_signed(room(wire::kMostNumber), value)); }
  void natural(std::uint64_t value) { commit(wire::put_unsigned(room(wire::kMostNumber), value)); }
  void real(double value) { commit(wire::put_double(room(wire::kMostNumber), value)); }

  // Copied; may be temporary. Text is taken to be UTF-8 and not checked.
  void text(std::string_view text);
  void bytes(std::span<const std::byte> bytes);
  // Referenced when large (kLargePiece): must stay valid until the message has been sent.
  void borrow(std::span<const std::byte> bytes);
  void borrow_text(std::string_view text);
  // Referenced when large; its memory is kept alive.
  void buffer(const Buffer& buffer);

  // The head of an array of `count` values, or of a map of `count` keys, each followed by its
  // value: the caller writes them next.
  void array(std::size_t count);
  void map(std::size_t count);

  // A msgpack extension; codes below 0 and kDescriptorCode are taken.
  void extension(std::int8_t code, std::span<const std::byte> payload);
  // Sends a duplicate of it; an empty one is nil.
  void descriptor(const UniqueFd& fd);
  // One value that is msgpack already.
  void encoded(std::span<const std::byte> msgpack) { out_.head.append(msgpack); }

  // Gives up: encode() will return `error`, unless there was one before.
  void fail(Error error);
  bool failed() const noexcept { return error_.has_value(); }

  // ---- What the library's own codecs use ----

  // Room to write to with the functions of wire.hpp, and the end of what was written there.
  std::byte* room(std::size_t count) { return out_.head.room(count); }
  void commit(const std::byte* end) noexcept { out_.head.commit(end); }

  // One level of nesting that the type does not bound. False: too deep, an error is kept; do not go
  // in.
  bool enter() { return depth_ < limits_.depth ? (++depth_, true) : too_deep(); }
  void leave() noexcept { --depth_; }

  // Success, or the first error with everything written taken back.
  Result<void> finish() {
    if (failed() || written() > limits_.total_bytes) [[unlikely]] {
      return take_back();
    }
    return {};
  }

 private:
  struct Start {
    std::size_t head;
    std::size_t borrowed;
    std::size_t fds;
  };

  std::size_t written() const noexcept { return out_.head.size() - start_.head + referenced_; }
  void reference(std::span<const std::byte> bytes, Buffer keep);
  bool fits(std::size_t length, std::string_view what);
  bool too_deep();
  Error take_back();

  Encoded& out_;
  const EncodeLimits limits_;
  const Start start_;
  std::size_t depth_ = 0;
  std::size_t referenced_ = 0;  // bytes that are not in the head
  std::optional<Error> error_;
};

}  // namespace troupe
