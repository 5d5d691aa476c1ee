// SPDX-License-Identifier: Apache-2.0
#include "tools/send.hpp"

#include "tools/channel_options.hpp"
#include "tools/line_splitter.hpp"
#include "tools/meeting.hpp"
#include "tools/peer.hpp"
#include "tools/status.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <string>

namespace troupe::tools {
namespace {

class Sending final {
 public:
  Sending(Runtime& runtime, Connection& connection, const ChannelOptions& options)
      : connection_(connection), peer_(runtime, connection), options_(options) {}

  Result<void> all() {
    auto sent = options_.binary                            ? as_one_message()
                : options_.connect.framing == Framing::raw ? as_it_comes()
                                                           : line_by_line();
    return sent ? peer_.see_off(options_.patience()) : sent;
  }

 private:
  Result<void> line_by_line() {
    LineSplitter lines;
    for (;;) {
      const auto piece = read_some();
      if (!piece) return piece.error();
      lines.add(*piece);
      while (const auto line = lines.next()) {
        if (auto sent = send(*line); !sent || enough()) return sent;
      }
      if (piece->empty()) {
        const auto last = lines.last();
        return last ? send(*last) : Result<void>{};
      }
      if (lines.waiting() > options_.connect.max_message) return too_long("a line of");
    }
  }

  Result<void> as_it_comes() {
    for (;;) {
      const auto piece = read_some();
      if (!piece) return piece.error();
      if (piece->empty()) return {};
      if (auto sent = send(*piece); !sent || enough()) return sent;
    }
  }

  Result<void> as_one_message() {
    std::string message;
    for (;;) {
      const auto piece = read_some();
      if (!piece) return piece.error();
      if (piece->empty()) return send(message);
      message += *piece;
      if (message.size() > options_.connect.max_message) return too_long("");
    }
  }

  bool enough() const { return sent_ == options_.count; }

  Result<void> send(std::string_view message) {
    ++sent_;
    auto sent = connection_.send_bytes(bytes_of(message), options_.patience());
    return sent ? sent : peer_.why(sent.error());
  }

  Error too_long(const std::string& what) const {
    return Error{Code::invalid_argument, "send to " + connection_.peer().text() + ": " + what +
                                             (what.empty() ? "" : " ") +
                                             "standard input is longer than the " +
                                             std::to_string(options_.connect.max_message) +
                                             " bytes that a message may have (--max-message)"};
  }

  // Empty at the end.
  Result<std::string_view> read_some() {
    for (;;) {
      if (auto waited = peer_.hear_until_readable(STDIN_FILENO); !waited) {
        return waited.error();
      }
      const ssize_t count = ::read(STDIN_FILENO, piece_.data(), piece_.size());
      if (count >= 0) return std::string_view{piece_.data(), static_cast<std::size_t>(count)};
      if (errno != EINTR && errno != EAGAIN) return Error::system("read standard input", errno);
    }
  }

  Connection& connection_;
  Peer peer_;
  const ChannelOptions& options_;
  std::uint64_t sent_ = 0;
  std::array<char, std::size_t{64} << 10> piece_{};
};

}  // namespace

int send(std::span<const char* const> arguments) {
  const auto options = parse_channel_options(Way::send, arguments);
  if (!options) return wrong_command_line("send", options.error());
  if (options->help) {
    std::cout << channel_usage(Way::send);
    return kDone;
  }
  Runtime runtime{runtime_options("send")};
  auto connection = meet(runtime, Way::send, *options);
  if (!connection) return failed("send", connection.error());
  const auto sent = Sending{runtime, *connection, *options}.all();
  return sent ? kDone : failed("send", sent.error());
}

}  // namespace troupe::tools
