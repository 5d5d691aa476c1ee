// SPDX-License-Identifier: Apache-2.0
#pragma once

// Types with MSGPACK_DEFINE as messages: include this after <msgpack.hpp>, which none of our other
// headers needs. What is inside such a type is written and read by msgpack-c's own adaptors, both
// ways, so it travels as those say (a time point as msgpack-c's timestamp, for instance), and
// cannot hold Buffer or UniqueFd. DecodeLimits hold here too, but for the memory of the type's own
// containers, which msgpack-c bounds by their counts alone.

#include "troupe/serialization/reader.hpp"
#include "troupe/serialization/shape.hpp"
#include "troupe/serialization/writer.hpp"

#include <msgpack.hpp>

#include <cstddef>
#include <exception>
#include <span>
#include <string>

namespace troupe::wire {

// The stream that msgpack::packer writes to. Always copies: what is packed may be temporary.
class PackerStream final {
 public:
  explicit PackerStream(Writer& writer) noexcept : writer_(writer) {}
  void write(const char* bytes, std::size_t size) {
    writer_.encoded(std::as_bytes(std::span{bytes, size}));
  }

 private:
  Writer& writer_;
};

template <class T>
struct MsgpackDefined {
  static void encode(Writer& writer, const T& value) {
    PackerStream stream{writer};
    msgpack::packer<PackerStream> packer{stream};
    try {
      value.msgpack_pack(packer);
    } catch (const std::exception& error) {  // msgpack::container_size_overflow
      writer.fail(Error{Code::invalid_argument, error.what()});
    }
  }

  static bool take(Reader& reader, T& out) {
    std::span<const std::byte> bytes;
    std::size_t values = 0;
    if (!reader.take_encoded(bytes, &values) ||
        !reader.charge(bytes.size() + values * sizeof(msgpack::object))) {
      return false;
    }
    const DecodeLimits& limits = reader.limits();
    const msgpack::unpack_limit bounds{limits.elements,     limits.elements,
                                       limits.string_bytes, limits.string_bytes,
                                       limits.string_bytes, limits.depth};
    try {
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as characters
      const auto* const text = reinterpret_cast<const char*>(bytes.data());
      const msgpack::object_handle object =
          msgpack::unpack(text, bytes.size(), nullptr, nullptr, bounds);
      out = T{};  // what the message leaves out is not what was there before
      out.msgpack_unpack(object.get());
      return true;
    } catch (const msgpack::type_error&) {
      return reader.fail("its content does not fit the type's MSGPACK_DEFINE");
    } catch (const std::exception& error) {  // over a limit
      return reader.fail(std::string{"not readable by msgpack-c: "} + error.what());
    }
  }
};

}  // namespace troupe::wire
