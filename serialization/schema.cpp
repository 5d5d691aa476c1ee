// SPDX-License-Identifier: Apache-2.0
#include "troupe/serialization/schema.hpp"

#include <algorithm>

namespace troupe {

namespace {

bool is_prefix(const Schema& shorter, const Schema& longer) {
  const std::size_t count = shorter.prefixes.size();
  if (count == 0) {  // the empty struct begins every other one: only a type that grew is meant
    return longer.prefixes.empty() || shorter.name == longer.name;
  }
  return count <= longer.prefixes.size() && shorter.prefixes.back() == longer.prefixes[count - 1];
}

}  // namespace

Result<void> compatible(const Schema& ours, const Schema& theirs) {
  if (is_prefix(ours, theirs) || is_prefix(theirs, ours)) {
    return {};
  }
  const auto told = [](const Schema& schema) {
    return schema.name + " (" + std::to_string(schema.prefixes.size()) + " members)";
  };
  return Error{Code::refused, "the types differ: ours is " + told(ours) + ", theirs " +
                                  told(theirs) +
                                  ", and neither is the beginning of the other; members may only "
                                  "be added at the end"};
}

namespace wire {

void Description::add_name(std::string_view spelled, std::string_view given) {
  if (given.empty()) {
    only_this_build_ = only_this_build_ || !is_stable_name(spelled);
    text_ += spelled;
  } else {
    text_ += given;
  }
}

bool Description::enter(const void* identity) {
  const auto outer = std::ranges::find(inside_, identity);
  if (outer == inside_.end()) {
    inside_.push_back(identity);
    return true;
  }
  text_ += "^" + std::to_string(inside_.end() - outer - 1);
  return false;
}

bool is_stable_name(std::string_view spelled) noexcept {
  return spelled.find("::") != std::string_view::npos &&
         spelled.find_first_of("<({ ") == std::string_view::npos;
}

void add_hash(std::vector<std::uint64_t>& prefixes, std::string_view text) {
  constexpr std::uint64_t kStart = 0xcbf29ce484222325U;  // FNV-1a
  constexpr std::uint64_t kPrime = 0x100000001b3U;
  std::uint64_t hash = prefixes.empty() ? kStart : prefixes.back();
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  }
  // An end that is no character, so that "ab", "c" is not "a", "bc".
  prefixes.push_back((hash ^ 0xffU) * kPrime);
}

}  // namespace wire

}  // namespace troupe
