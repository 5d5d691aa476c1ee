// SPDX-License-Identifier: Apache-2.0
#include "tools/channel_options.hpp"

#include "tools/arguments.hpp"
#include "troupe/transports/catalog.hpp"

#include <string>

namespace troupe::tools {
namespace {

constexpr std::string_view kSendUsage =
    R"(troupe send URL: sends each line of standard input as a message

  --dial                   connect to a listener (what happens by default)
  --listen                 listen, and send to the first that connects
  --framing KIND           how messages are told apart: python (default), lines, or raw
  --binary                 all of standard input is one message
  --count N                send at most N messages
  --timeout SECONDS        wait no longer than this for the other side, each time
  --max-message BYTES      refuse to send more than this in one message (67108864)
)";

constexpr std::string_view kRecvUsage =
    R"(troupe recv URL: writes each message to standard output as a line

  --listen                 listen, and receive from the first that connects (what happens by default)
  --dial                   connect to a listener
  --framing KIND           how messages are told apart: python (default), lines, or raw
  --binary                 write messages back to back, without line ends
  --count N                end after N messages
  --timeout SECONDS        wait no longer than this for the other side, each time
  --max-message BYTES      refuse a message of more than this (67108864)
)";

Result<Framing> framing(std::string_view name, std::string_view text) {
  if (text == "python") return Framing::python;
  if (text == "lines") return Framing::lines;
  if (text == "raw") return Framing::raw;
  return wrong(std::string{name} + " is python, lines or raw, not \"" + std::string{text} + "\"");
}

// Reads the options' values into `options`.
class Parsing final {
 public:
  Parsing(ChannelOptions& options, std::span<const char* const> arguments)
      : options_(options), at_(arguments) {}

  bool chose_side() const { return listens_.has_value(); }

  Result<void> all() {
    while (at_.next()) {
      if (auto parsed = at_.is_plain() ? address() : option(); !parsed) return parsed;
    }
    return {};
  }

 private:
  Result<void> address() {
    if (!options_.address.empty()) {
      return wrong("there are two addresses, " + options_.address.text() + " and " +
                   std::string{at_.text()});
    }
    const Address address{at_.text()};
    const auto transport = transports::Catalog::standard()->find(address);
    if (!transport) return transport.error();
    if (address.scheme() == "inproc") {
      return wrong(
          "inproc: stays inside one process, and nobody else is in this one; take unix:, "
          "fifo: or tcp:");
    }
    options_.address = address;
    return {};
  }

  Result<void> option() {
    if (at_.is("--listen")) return listen(true);
    if (at_.is("--dial")) return listen(false);
    if (at_.is("--binary")) return at_.flag(options_.binary);
    if (at_.is("--help") || at_.is("-h")) return at_.flag(options_.help);
    if (at_.is("--framing")) return at_.value(options_.connect.framing, framing);
    if (at_.is("--timeout")) return at_.value(options_.timeout, seconds);
    if (at_.is("--count")) return at_.value(options_.count, at_least_one);
    if (at_.is("--max-message")) return at_.value(options_.connect.max_message, at_least_one);
    if (const auto taken = take_connect_option(at_, options_)) return *taken;
    return wrong("there is no option " + std::string{at_.text()});
  }

  Result<void> listen(bool listen) {
    if (listens_ && *listens_ != listen) return wrong("--listen and --dial exclude each other");
    listens_ = listen;
    options_.listen = listen;
    return at_.no_value();
  }

  ChannelOptions& options_;
  Arguments at_;
  std::optional<bool> listens_;
};

}  // namespace

Result<ChannelOptions> parse_channel_options(Way way, std::span<const char* const> arguments) {
  ChannelOptions options;
  options.listen = way == Way::recv;
  Parsing parsing{options, arguments};
  if (auto parsed = parsing.all(); !parsed) return parsed.error();
  if (options.help) return options;
  if (options.address.empty()) {
    return wrong("where to? Name an address, such as unix:/tmp/lines.sock or tcp://127.0.0.1:7000");
  }
  // An inherited end of a pipe is simply there.
  if (options.address.scheme() == "pipe" && !parsing.chose_side()) options.listen = false;
  return options;
}

std::string channel_usage(Way way) {
  return std::string{way == Way::send ? kSendUsage : kRecvUsage}.append(connect_usage());
}

}  // namespace troupe::tools
