// SPDX-License-Identifier: Apache-2.0
#pragma once

// Address: where something is, as a URL: `scheme:name` or `scheme://authority/name?option=value&…`.
//
//   pipe:                     an anonymous pipe (only between related processes)
//   fifo:/path                a named pipe
//   unix:/path  unix:@name    a Unix socket in the file system, or in the abstract namespace
//   tcp://host:port/name      TCP; IPv6 hosts in brackets; port 0 asks for a free one
//   tls://host:port/name      TCP, encrypted, the peer known by its certificate
//   zmq+tcp://host:port/name  ZeroMQ over TCP
//   zmq+ipc:/path             ZeroMQ over a Unix socket
//   inproc://name             inside this process
//
// A value. Making one from text that does not parse is no error yet: every use of it is, and says
// why. Keys and passwords are never part of an address.

#include "troupe/base/result.hpp"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

class Address final {
 public:
  Address();  // empty: the callee chooses
  // NOLINTBEGIN(google-explicit-constructor): an address is written as text
  Address(const char* url) : Address(std::string_view{url}) {}
  Address(std::string_view url);
  Address(const std::string& url) : Address(std::string_view{url}) {}
  // NOLINTEND(google-explicit-constructor)

  // Errors: invalid_argument, naming the text and what is wrong with it.
  static Result<Address> parse(std::string_view url);

  bool empty() const noexcept { return parts_->text.empty(); }
  Result<void> valid() const;  // the error of parse, for an address that was made by a constructor

  const std::string& text() const noexcept { return parts_->text; }
  std::string_view scheme() const noexcept { return parts_->scheme; }
  std::string_view host() const noexcept { return parts_->host; }  // without brackets
  std::uint16_t port() const noexcept { return parts_->port; }     // 0 when there is none
  bool crosses_hosts() const noexcept;                             // tcp:, tls:, zmq+tcp:
  std::string_view path() const noexcept { return parts_->path; }  // what follows the authority
  std::optional<std::string_view> option(std::string_view name) const;  // the first of that name
  // The same address without the options of these names.
  Address without(std::initializer_list<std::string_view> names) const;

  friend bool operator==(const Address& a, const Address& b) noexcept {
    return a.parts_->text == b.parts_->text;
  }

 private:
  struct Parts {
    std::string text;
    std::string scheme;
    std::string host;
    std::uint16_t port = 0;
    std::string path;
    std::vector<std::pair<std::string, std::string>> options;
    std::optional<Error> error;
  };

  static Parts parse_parts(std::string_view url);

  std::shared_ptr<const Parts> parts_;  // immutable, shared by copies
};

}  // namespace troupe
