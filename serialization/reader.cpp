// SPDX-License-Identifier: Apache-2.0
#include "troupe/serialization/reader.hpp"

#include "troupe/base/check.hpp"
#include "troupe/serialization/internal/head.hpp"
#include "troupe/serialization/internal/likely_cause.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace troupe {

using wire::Head;
using wire::read_head;

// ---- For a Codec ----

Reader::Kind Reader::next() const noexcept {
  return read_head(at_, end_).kind;
}

Result<std::string_view> Reader::text() {
  std::string_view out;
  if (!take(out)) return error();
  return out;
}

Result<std::span<const std::byte>> Reader::bytes() {
  std::span<const std::byte> out;
  if (!take(out)) return error();
  return out;
}

Result<std::size_t> Reader::array() {
  std::size_t count = 0;
  if (!take_array(count, 1)) return error();
  return count;
}

Result<std::size_t> Reader::map() {
  std::size_t count = 0;
  if (!take_map(count, 1)) return error();
  return count;
}

Result<void> Reader::skip() {
  if (!skip_value()) return error();
  return {};
}

Error Reader::error() const {
  TROUPE_CHECK(failed());
  const std::string_view path = failure_->path;
  const std::string_view shown = path.starts_with('.') ? path.substr(1) : path;
  return Error{failure_->code,
               shown.empty() ? failure_->what : std::string{shown} + ": " + failure_->what};
}

// ---- Values ----

bool Reader::take_real(double& out) {
  const Head head = read_head(at_, end_);
  if (head.kind == Kind::real) {
    out = std::bit_cast<double>(head.value);
    at_ = head.content;
    return true;
  }
  // Python writes 1 for 1 even where a float is meant; taken where nothing is lost.
  constexpr std::uint64_t kExact = std::uint64_t{1} << 53U;
  if (head.kind == Kind::integer &&
      (head.negative ? std::uint64_t{0} - head.value : head.value) <= kExact) {
    out = head.negative ? static_cast<double>(static_cast<std::int64_t>(head.value))
                        : static_cast<double>(head.value);
    at_ = head.content;
    return true;
  }
  return fail_expected("a float");
}

bool Reader::take_long_text(std::string_view& out) {
  const Head head = read_head(at_, end_);
  if (head.kind != Kind::text) {
    return fail_expected(head.kind == Kind::bytes ? "a string (in Python str, not bytes)"
                                                  : "a string");
  }
  std::span<const std::byte> content;
  if (!find_content(head.content, head.value, content)) {
    return fail_expected("a string");
  }
  out = text_of(content);
  return true;
}

bool Reader::take(std::span<const std::byte>& out) {
  return take_bytes(out, nullptr);
}

bool Reader::take_bytes(std::span<const std::byte>& out, const Buffer** elsewhere) {
  const Head head = read_head(at_, end_);
  return (head.kind == Kind::bytes && find_content(head.content, head.value, out, elsewhere)) ||
         fail_expected(head.kind == Kind::text ? "bytes (in Python bytes, not str)" : "bytes");
}

const DetachedBytes* Reader::detached_at(const std::byte* content) const noexcept {
  if (detached_ == in_.detached.size()) [[likely]] {
    return nullptr;
  }
  const DetachedBytes& next = in_.detached[detached_];
  return in_.bytes.data() + next.at == content ? &next : nullptr;
}

bool Reader::find_content(const std::byte* content, std::uint64_t size,
                          std::span<const std::byte>& out, const Buffer** elsewhere) {
  if (const DetachedBytes* found = detached_at(content);
      found != nullptr && found->bytes.size() == size) {
    ++detached_;
    out = found->bytes.bytes();
    if (elsewhere != nullptr) {
      *elsewhere = &found->bytes;
    }
    at_ = content;
    return true;
  }
  if (size > static_cast<std::uint64_t>(end_ - content)) {
    return false;
  }
  out = {content, static_cast<std::size_t>(size)};
  at_ = content + size;
  return true;
}

bool Reader::take(Buffer& out) {
  std::span<const std::byte> bytes;
  const Buffer* elsewhere = nullptr;
  if (!take_bytes(bytes, &elsewhere)) return false;
  if (elsewhere != nullptr) {
    out = *elsewhere;
    return true;
  }
  if (in_.storage != nullptr && bytes.size() >= kLargePiece) {
    const std::size_t offset = static_cast<std::size_t>(bytes.data() - in_.storage->bytes().data());
    out = in_.storage->part(offset, bytes.size());
    return true;
  }
  if (!charge_text(bytes.size())) return false;
  out = Buffer::copy_of(bytes);
  return true;
}

bool Reader::take(UniqueFd& out) {
  const Head head = read_head(at_, end_);
  if (head.kind == Kind::nil) {
    out.reset();
    at_ = head.content;
    return true;
  }
  if (head.kind != Kind::extension || head.code != wire::kDescriptorCode || head.value != 1 ||
      head.content == end_) {
    return fail_expected("a file descriptor");
  }
  const auto index = static_cast<std::size_t>(*head.content);
  if (index >= in_.fds.size() || !in_.fds[index]) {
    return fail("the file descriptor did not come with the message: number " +
                std::to_string(index) + " of " + std::to_string(in_.fds.size()));
  }
  out = std::move(in_.fds[index]);
  at_ = head.content + 1;
  return true;
}

bool Reader::take_array(std::size_t& count, std::size_t element_bytes) {
  const Head head = read_head(at_, end_);
  if (head.kind != Kind::array) return fail_expected("an array");
  count = static_cast<std::size_t>(head.value);
  if (!check_count(count, static_cast<std::size_t>(end_ - head.content), element_bytes))
    return false;
  at_ = head.content;
  return true;
}

bool Reader::take_map(std::size_t& count, std::size_t element_bytes) {
  const Head head = read_head(at_, end_);
  if (head.kind != Kind::map) return fail_expected("a map");
  count = static_cast<std::size_t>(head.value);
  if (!check_count(count, static_cast<std::size_t>(end_ - head.content) / 2, element_bytes)) {
    return false;
  }
  at_ = head.content;
  return true;
}

std::uint64_t Reader::next_count() const noexcept {
  return read_head(at_, end_).value;
}

bool Reader::next_is_negative() const noexcept {
  return read_head(at_, end_).negative;
}

bool Reader::take_extension(std::int8_t& code, std::span<const std::byte>& payload) {
  const Head head = read_head(at_, end_);
  if (head.kind != Kind::extension ||
      head.value > static_cast<std::uint64_t>(end_ - head.content)) {
    return fail_expected("an extension");
  }
  code = head.code;
  payload = {head.content, static_cast<std::size_t>(head.value)};
  at_ = head.content + head.value;
  return true;
}

bool Reader::take_encoded(std::span<const std::byte>& out, std::size_t* values) {
  const std::byte* begin = at_;
  const std::size_t first = detached_;
  if (!skip_value(values)) return false;
  out = {begin, static_cast<std::size_t>(at_ - begin)};
  if (first == detached_) [[likely]] {
    return true;
  }
  auto joined = std::make_unique<Bytes>();
  for (const DetachedBytes& part : in_.detached.subspan(first, detached_ - first)) {
    const std::byte* const end = in_.bytes.data() + part.at;
    joined->insert(joined->end(), begin, end);
    const auto bytes = part.bytes.bytes();
    joined->insert(joined->end(), bytes.begin(), bytes.end());
    begin = end;
  }
  joined->insert(joined->end(), begin, at_);
  joined_ = std::move(joined);
  out = *joined_;
  return true;
}

// Counts the values still to skip instead of recursing: nesting costs nothing.
bool Reader::skip_value(std::size_t* values) {
  const std::byte* at = at_;
  std::size_t skipped = 0;
  std::size_t pending = 1;
  while (pending != 0) {
    const Head head = read_head(at, end_);
    const auto behind = static_cast<std::size_t>(end_ - head.content);
    --pending;
    ++skipped;
    switch (head.kind) {
      case Kind::text:
      case Kind::bytes:
      case Kind::extension:
        if (const DetachedBytes* elsewhere = detached_at(head.content);
            elsewhere != nullptr && elsewhere->bytes.size() == head.value) {
          ++detached_;
          at = head.content;
          break;
        }
        if (head.value > behind) return fail_expected("a value");
        at = head.content + head.value;
        break;
      case Kind::array:
      case Kind::map: {
        const std::uint64_t inner = head.kind == Kind::map ? head.value * 2 : head.value;
        if (inner > behind - std::min(behind, pending)) return fail_expected("a value");
        pending += static_cast<std::size_t>(inner);
        at = head.content;
        break;
      }
      case Kind::end:
      case Kind::invalid:
        return fail_expected("a value");
      default:
        at = head.content;
    }
  }
  at_ = at;
  if (values != nullptr) {
    *values = skipped;
  }
  return true;
}

// ---- Limits ----

bool Reader::fail_string(std::size_t length) {
  return fail("a string of " + std::to_string(length) + " bytes; the limit is " +
              std::to_string(limits_.string_bytes) + " (DecodeLimits::string_bytes)");
}

bool Reader::check_count(std::size_t count, std::size_t most, std::size_t element_bytes) {
  if (count > most) return fail_expected("as many values as are announced");
  if (count > limits_.elements) {
    return fail(std::to_string(count) + " elements; the limit is " +
                std::to_string(limits_.elements) + " (DecodeLimits::elements)");
  }
  return charge(count * element_bytes);
}

bool Reader::over_budget(std::size_t bytes) {
  return fail("needs " + std::to_string(bytes) + " bytes of memory; of the limit of " +
              std::to_string(limits_.total_bytes) + " (DecodeLimits::total_bytes) " +
              std::to_string(budget_) + " are left");
}

bool Reader::too_deep() {
  return fail("nested deeper than " + std::to_string(limits_.depth) +
              " levels (DecodeLimits::depth)");
}

// ---- Failures ----

bool Reader::fail(std::string what) {
  if (!failed()) {
    failure_ = std::make_unique<Failure>();
    failure_->what = std::move(what);
  }
  return false;
}

bool Reader::fail(const Error& error) {
  if (!failed()) {
    fail(std::string{error.what()});
    failure_->code = error.code();
  }
  return false;
}

bool Reader::fail_expected(std::string_view expected) {
  const Head head = read_head(at_, end_);
  std::string found = wire::describe(head);
  const bool has_content =
      head.kind == Kind::text || head.kind == Kind::bytes || head.kind == Kind::extension;
  if (has_content && head.value > static_cast<std::uint64_t>(end_ - head.content)) {
    found += ", of which " + std::to_string(end_ - head.content) + " are there,";
  }
  return fail("expected " + std::string{expected} + ", found " + found + " at byte " +
              std::to_string(at_ - in_.bytes.data()));
}

bool Reader::fail_range(WireInteger found, std::int64_t least, std::uint64_t most) {
  const std::string number = found.negative ? std::to_string(static_cast<std::int64_t>(found.bits))
                                            : std::to_string(found.bits);
  return fail(number + " is out of range: " + std::to_string(least) + " to " +
              std::to_string(most));
}

bool Reader::fail_length(std::size_t expected, std::size_t found) {
  return fail("expected a length of " + std::to_string(expected) + ", found " +
              std::to_string(found));
}

void Reader::in_member(std::string_view name) {
  in_part("." + std::string{name});
}

void Reader::in_element(std::size_t index) {
  in_part("[" + std::to_string(index) + "]");
}

void Reader::in_part(std::string_view part) {
  constexpr std::size_t kMostPath = 400;  // of a deep tree the inner end is told
  if (failure_->path.size() < kMostPath) {
    failure_->path.insert(0, part);
  }
}

void Reader::in_key(const std::byte* key) {
  const Head head = read_head(key, end_);
  if (head.kind == Kind::text) {
    std::span<const std::byte> content{head.content, static_cast<std::size_t>(head.value)};
    for (const DetachedBytes& part : in_.detached) {
      if (in_.bytes.data() + part.at == head.content && part.bytes.size() == head.value) {
        content = part.bytes.bytes();
      }
    }
    in_part("[" + wire::quoted(text_of(content)) + "]");
  } else if (head.kind == Kind::integer) {
    in_part("[" + wire::number_text(head) + "]");
  } else {
    in_part("[...]");
  }
}

Error Reader::final_error(std::string_view root) {
  if (!failed()) {
    const auto taken = static_cast<std::uint64_t>(at_ - in_.bytes.data());
    fail("a value of " + wire::counted(taken, "byte") + ", and " + wire::counted(left(), "byte") +
         " after it");
  }
  failure_->path.insert(0, root);
  const Error told = error();
  const std::string_view cause = wire::likely_cause(in_.bytes);
  return cause.empty() ? told
                       : Error{told.code(), std::string{told.what()} + "; " + std::string{cause}};
}

}  // namespace troupe
