// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/program_arguments.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {
namespace {

constexpr std::string_view kPrefix = "--troupe-";

Address base_from(std::string_view text, std::string_view given_as) {
  auto base = Address::parse(text);
  if (!base) {
    throw base.error().within("make a Runtime: " + std::string{given_as});
  }
  return *std::move(base);
}

void set(ProgramArguments& its, std::string_view option, std::string_view value) {
  const std::string as = std::string{kPrefix} + std::string{option};
  if (option == "role") {
    its.role = value;
  } else if (option == "base") {
    its.base = base_from(value, as);
  } else {
    throw Error{Code::invalid_argument, "make a Runtime: there is no option " + as +
                                            "; there are --troupe-role and --troupe-base"};
  }
}

std::string variable(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): only a program that changes its environment is at risk
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool means_itself(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view{"-._~/"}.find(c) != std::string_view::npos;
}

std::string as_part_of_an_address(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : name) {
    if (means_itself(c)) {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return text;
}

}  // namespace

ProgramArguments ProgramArguments::of_environment() {
  ProgramArguments its;
  its.role = variable("TROUPE_ROLE");
  if (const std::string base = variable("TROUPE_BASE"); !base.empty()) {
    its.base = base_from(base, "TROUPE_BASE");
  }
  return its;
}

ProgramArguments ProgramArguments::take(int& argc, char** argv) {
  ProgramArguments its = of_environment();
  const std::span all{argv, static_cast<std::size_t>(argc)};
  std::vector<char*> left;
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::string_view word = all[i];
    if (i == 0 || !word.starts_with(kPrefix)) {
      if (i > 0 && word == "--") {
        left.insert(left.end(), all.begin() + static_cast<std::ptrdiff_t>(i), all.end());
        break;
      }
      left.push_back(all[i]);
      continue;
    }
    word.remove_prefix(kPrefix.size());
    if (const std::size_t equals = word.find('='); equals != std::string_view::npos) {
      set(its, word.substr(0, equals), word.substr(equals + 1));
    } else if (i + 1 < all.size()) {
      set(its, word, all[++i]);
    } else {
      throw Error{Code::invalid_argument,
                  "make a Runtime: " + std::string{all[i]} + " needs a value"};
    }
  }
  std::ranges::copy(left, all.begin());
  if (left.size() < all.size()) {
    all[left.size()] = nullptr;
  }
  argc = static_cast<int>(left.size());
  return its;
}

Address address_under(const Address& base, std::string_view name) {
  const std::string& text = base.text();
  if (name.empty() || !base.valid()) {
    return Address{name.empty() ? std::string_view{} : std::string_view{text}};
  }
  const std::size_t options = std::min(text.find('?'), text.size());
  std::string under = text.substr(0, options);
  const bool one_word = base.scheme() == "shm" || base.scheme() == "inproc";
  if (one_word && base.path().empty()) {
    under += base.host().empty() ? (under.ends_with("//") ? "" : "//") : ".";
  } else if (!under.ends_with('/') && !under.ends_with(':')) {
    under += '/';
  }
  return Address{under + as_part_of_an_address(name) + text.substr(options)};
}

}  // namespace troupe
