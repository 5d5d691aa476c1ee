// SPDX-License-Identifier: Apache-2.0
#include "troupe/serialization/codec_structs.hpp"

#include "troupe/serialization/internal/head.hpp"

#include <string>

namespace troupe::wire {

namespace {

using TakeMember = bool (*)(void* context, std::size_t index);

std::string list_of(std::span<const std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) {
    text += text.empty() ? "" : ", ";
    text += name;
  }
  return text;
}

bool fail_count(Reader& reader, std::span<const std::string_view> names) {
  const std::size_t count = names.size();
  return reader.fail_expected("an array of " + std::to_string(count) +
                              (count == 1 ? " member" : " members") +
                              (count == 0 ? "" : " (" + list_of(names) + ")"));
}

bool take_named(Reader& reader, std::string_view name, TakeMember take, void* context,
                std::size_t index) {
  if (take(context, index)) return true;
  reader.in_member(name);
  return false;
}

bool take_array_form(Reader& reader, std::span<const std::string_view> names, std::size_t count,
                     TakeMember take, void* context) {
  for (std::size_t i = 0; i < count; ++i) {
    if (i >= names.size() ? !reader.skip_value()
                          : !take_named(reader, names[i], take, context, i)) {
      return false;
    }
  }
  return true;
}

bool take_map_form(Reader& reader, std::span<const std::string_view> names, std::size_t count,
                   TakeMember take, void* context) {
  const bool exact = reader.limits().members == Members::exact;
  std::uint32_t seen = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::string_view key;
    if (!reader.take(key)) return false;
    const auto index = static_cast<std::size_t>(std::ranges::find(names, key) - names.begin());
    if (index == names.size()) {
      if (exact) {
        return reader.fail("has no member named " + quoted(key) + "; its members are " +
                           list_of(names));
      }
      if (!reader.skip_value()) return false;
      continue;
    }
    const std::uint32_t bit = 1U << index;
    if ((seen & bit) != 0) {
      reader.fail("is there twice");
      reader.in_member(names[index]);
      return false;
    }
    seen |= bit;
    if (!take_named(reader, names[index], take, context, index)) return false;
  }
  for (std::size_t i = 0; exact && i < names.size(); ++i) {
    if ((seen & (1U << i)) == 0) {
      reader.fail("is missing");
      reader.in_member(names[i]);
      return false;
    }
  }
  return true;
}

}  // namespace

bool take_struct(Reader& reader, std::span<const std::string_view> names, TakeMember take_member,
                 void* context) {
  std::size_t count = 0;
  switch (reader.next()) {
    case Reader::Kind::array: {
      const bool exact = reader.limits().members == Members::exact;
      if (exact && reader.next_count() != names.size()) return fail_count(reader, names);
      return reader.take_array(count, 0) &&
             take_array_form(reader, names, count, take_member, context);
    }
    case Reader::Kind::map:
      return reader.take_map(count, 0) && take_map_form(reader, names, count, take_member, context);
    default:
      return fail_count(reader, names);
  }
}

}  // namespace troupe::wire
