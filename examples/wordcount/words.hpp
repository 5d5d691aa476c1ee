// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a word is: a maximal run of letters, digits, _ and bytes outside ASCII. So that memory stays
// bounded, a run of more than kLongestWord bytes counts as several words of that length.

#include <array>
#include <cstddef>
#include <string_view>

namespace wordcount {

inline constexpr std::size_t kLongestWord = std::size_t{16} << 20;

// By byte.
inline constexpr auto kIsWordByte = [] {
  std::array<bool, 256> is{};
  for (std::size_t byte = 0; byte < is.size(); ++byte) {
    is.at(byte) = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                  (byte >= '0' && byte <= '9') || byte == '_' || byte >= 0x80;
  }
  return is;
}();

constexpr bool is_word_byte(char byte) {
  return kIsWordByte[static_cast<unsigned char>(byte)];
}

// Calls `use` with each word of `text`.
template <class Use>
void for_each_word(std::string_view text, Use use, std::size_t longest = kLongestWord) {
  std::size_t at = 0;
  for (;;) {
    while (at < text.size() && !is_word_byte(text[at])) {
      ++at;
    }
    if (at == text.size()) {
      return;
    }
    const std::size_t begin = at;
    while (at < text.size() && at - begin < longest && is_word_byte(text[at])) {
      ++at;
    }
    use(text.substr(begin, at - begin));
  }
}

// Where the word at the end of `text`, which may go on, begins; the end, where there is none.
constexpr std::size_t last_word_begin(std::string_view text) {
  std::size_t begin = text.size();
  while (begin > 0 && is_word_byte(text[begin - 1])) {
    --begin;
  }
  return begin;
}

}  // namespace wordcount
