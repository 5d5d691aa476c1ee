// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/address.hpp"

#include <algorithm>
#include <charconv>

namespace troupe {
namespace {

constexpr std::size_t kMaxLength = 4096;

bool is_scheme_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-';
}

Error bad(std::string_view url, std::string_view why) {
  return Error{Code::invalid_argument, "address \"" + std::string{url.substr(0, 200)} +
                                           "\": " + std::string{why} +
                                           "; an address is written scheme:name or "
                                           "scheme://host:port/name?option=value"};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

constexpr std::string_view kBadPercent =
    "a % is followed by the two hexadecimal digits of a byte, which is not zero";

// %41 -> A; false for kBadPercent.
bool decode_percent(std::string_view text, std::string& decoded) {
  decoded.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0 || (high == 0 && low == 0)) {
      return false;
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

// host, host:port, [v6], [v6]:port.
const char* parse_authority(std::string_view authority, std::string& host, std::uint16_t& port) {
  std::string_view port_text;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) {
      return "an IPv6 host has no closing bracket";
    }
    host = authority.substr(1, end - 1);
    const std::string_view rest = authority.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') {
      return "after an IPv6 host only :port may follow";
    }
    port_text = rest.empty() ? rest : rest.substr(1);
  } else {
    const std::size_t colon = authority.rfind(':');
    host = authority.substr(0, colon);
    if (host.find(':') != std::string::npos) {
      return "an IPv6 host is written in brackets, as in tcp://[::1]:7000";
    }
    port_text = colon == std::string_view::npos ? "" : authority.substr(colon + 1);
  }
  if (!port_text.empty()) {
    const char* end = port_text.data() + port_text.size();
    const auto [stop, error] = std::from_chars(port_text.data(), end, port);
    if (error != std::errc{} || stop != end) {
      return "the port is not a number from 0 to 65535";
    }
  }
  return nullptr;
}

}  // namespace

Address::Address() : parts_(std::make_shared<const Parts>()) {}

Address::Address(std::string_view url) : parts_(std::make_shared<const Parts>(parse_parts(url))) {}

Result<Address> Address::parse(std::string_view url) {
  Address address{url};
  if (auto valid = address.valid(); !valid) {
    return valid.error();
  }
  return address;
}

Result<void> Address::valid() const {
  if (parts_->error) {
    return *parts_->error;
  }
  return {};
}

bool Address::crosses_hosts() const noexcept {
  return scheme() == "tcp" || scheme() == "tls" || scheme() == "zmq+tcp";
}

std::optional<std::string_view> Address::option(std::string_view name) const {
  const auto found = std::ranges::find_if(parts_->options,
                                          [&](const auto& option) { return option.first == name; });
  if (found == parts_->options.end()) {
    return std::nullopt;
  }
  return found->second;
}

Address Address::without(std::initializer_list<std::string_view> names) const {
  const auto is_named = [&](const auto& option) {
    return std::ranges::find(names, option.first) != names.end();
  };
  if (std::ranges::none_of(parts_->options, is_named)) {
    return *this;
  }
  const std::string_view text = parts_->text;
  const std::size_t question = text.find('?');
  std::string kept{text.substr(0, question)};
  std::string_view rest = text.substr(question + 1);
  char separator = '?';
  for (const auto& option : parts_->options) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    if (!is_named(option)) {
      kept += separator;
      kept += rest.substr(0, end);
      separator = '&';
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return kept;
}

Address::Parts Address::parse_parts(std::string_view url) {
  Parts parts;
  parts.text = url;
  const auto fail = [&](std::string_view why) {
    parts.error = bad(url, why);
    return parts;
  };
  if (url.empty()) {
    return fail("it is empty");
  }
  if (url.size() > kMaxLength) {
    return fail("it is longer than 4096 bytes");
  }
  if (url.find('\0') != std::string_view::npos) {
    return fail("it contains a zero byte");
  }
  const std::size_t colon = url.find(':');
  if (colon == std::string_view::npos || colon == 0 ||
      !std::ranges::all_of(url.substr(0, colon), is_scheme_letter)) {
    return fail("it does not begin with a scheme such as unix: or tcp:");
  }
  parts.scheme = url.substr(0, colon);
  std::string_view rest = url.substr(colon + 1);

  std::string_view options;
  if (const std::size_t question = rest.find('?'); question != std::string_view::npos) {
    options = rest.substr(question + 1);
    rest = rest.substr(0, question);
  }
  std::string_view path = rest;
  if (rest.starts_with("//")) {
    const std::string_view hierarchy = rest.substr(2);
    const std::size_t slash = hierarchy.find('/');
    if (const char* why = parse_authority(hierarchy.substr(0, slash), parts.host, parts.port)) {
      return fail(why);
    }
    path = slash == std::string_view::npos ? "" : hierarchy.substr(slash);
  }
  if (!decode_percent(path, parts.path)) {
    return fail(kBadPercent);
  }
  while (!options.empty()) {
    const std::size_t end = options.find('&');
    const std::string_view option = options.substr(0, end);
    const std::size_t equals = option.find('=');
    std::string value;
    if (equals != std::string_view::npos && !decode_percent(option.substr(equals + 1), value)) {
      return fail(kBadPercent);
    }
    parts.options.emplace_back(option.substr(0, equals), std::move(value));
    options = end == std::string_view::npos ? "" : options.substr(end + 1);
  }
  return parts;
}

}  // namespace troupe
