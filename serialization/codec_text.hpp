// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text and bytes. Strings and paths are msgpack str; containers of std::byte, unsigned char or
// char, and Buffer, are msgpack bin. Large ones are referenced when they are written; a large
// Buffer is a view when it is read out of counted memory. UniqueFd is an extension that names a
// descriptor beside the bytes.

#include "troupe/serialization/codec_scalars.hpp"
#include "troupe/serialization/reader.hpp"
#include "troupe/serialization/shape.hpp"
#include "troupe/serialization/writer.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace troupe::wire {

template <class T>
struct Wire<T, Shape::text> {
  static constexpr std::size_t kMost = 0;
  static std::string_view view_of(const T& text) noexcept {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): char8_t as what it stands for
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }
  static std::size_t bound(const T& text) noexcept { return kMostHead + text.size(); }
  static std::byte* put(std::byte* at, const T& text) noexcept {
    return put_raw(put_text_head(at, text.size()), bytes_of(view_of(text)));
  }
  static void encode(Writer& writer, const T& text) { writer.borrow_text(view_of(text)); }
  static bool take(Reader& reader, T& out) {
    std::string_view text;
    if (!reader.take(text) || !reader.charge_text(text.size())) return false;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as above
    out.assign(reinterpret_cast<const typename T::value_type*>(text.data()), text.size());
    return true;
  }
};

template <class T>
struct Wire<T, Shape::path> {
  static constexpr std::size_t kMost = 0;
  static std::size_t bound(const T& path) noexcept {
    return Wire<std::string>::bound(path.native());
  }
  static std::byte* put(std::byte* at, const T& path) noexcept {
    return Wire<std::string>::put(at, path.native());
  }
  static void encode(Writer& writer, const T& path) { writer.borrow_text(path.native()); }
  static bool take(Reader& reader, T& out) {
    std::string text;
    if (!Wire<std::string>::take(reader, text)) return false;
    out = T{std::move(text)};
    return true;
  }
};

template <class T>
struct Wire<T, Shape::bytes> {
  static constexpr std::size_t kFixed = [] {
    if constexpr (kIsFixedArray<T>) {
      return std::tuple_size_v<T>;
    } else {
      return std::size_t{0};
    }
  }();
  static constexpr std::size_t kMost = kIsFixedArray<T> ? kMostHead + kFixed : 0;

  static std::span<const std::byte> view_of(const T& bytes) noexcept {
    return std::as_bytes(std::span{bytes.data(), bytes.size()});
  }
  static std::size_t bound(const T& bytes) noexcept { return kMostHead + bytes.size(); }
  static std::byte* put(std::byte* at, const T& bytes) noexcept {
    return put_raw(put_bytes_head(at, bytes.size()), view_of(bytes));
  }
  static void encode(Writer& writer, const T& bytes) { writer.borrow(view_of(bytes)); }
  static bool take(Reader& reader, T& out) {
    std::span<const std::byte> bytes;
    if (!reader.take(bytes)) return false;
    if constexpr (kIsFixedArray<T>) {
      if (bytes.size() != kFixed) return reader.fail_length(kFixed, bytes.size());
      std::memcpy(out.data(), bytes.data(), kFixed);
    } else {
      if (!reader.charge_text(bytes.size())) return false;
      using Byte = typename T::value_type;
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): a byte by another name
      const auto* const first = reinterpret_cast<const Byte*>(bytes.data());
      out.assign(first, first + bytes.size());
    }
    return true;
  }
};

template <>
struct Wire<Buffer, Shape::buffer> {
  static constexpr std::size_t kMost = 0;
  static void encode(Writer& writer, const Buffer& buffer) { writer.buffer(buffer); }
  static bool take(Reader& reader, Buffer& out) { return reader.take(out); }
};

template <>
struct Wire<UniqueFd, Shape::descriptor> {
  static constexpr std::size_t kMost = 0;
  static void encode(Writer& writer, const UniqueFd& fd) { writer.descriptor(fd); }
  static bool take(Reader& reader, UniqueFd& out) { return reader.take(out); }
};

}  // namespace troupe::wire
