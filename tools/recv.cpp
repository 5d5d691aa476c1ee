// SPDX-License-Identifier: Apache-2.0
#include "tools/recv.hpp"

#include "tools/channel_options.hpp"
#include "tools/meeting.hpp"
#include "tools/output.hpp"
#include "tools/status.hpp"

#include <array>
#include <iostream>

namespace troupe::tools {
namespace {

// Waits for a message, with everything written that came before.
Result<void> wait(Runtime& runtime, Connection& connection, Output& output, Deadline patience) {
  if (connection.ready()) return {};
  if (auto flushed = output.flush(); !flushed) return flushed;
  std::vector<Waitable> things{connection};
  if (const auto gone = output.gone()) things.push_back(*gone);
  if (auto waited = wait_any(runtime, things, patience); !waited) {
    if (waited.error() != Code::timed_out) return waited.error();
    return Error{Code::timed_out,
                 "receive from " + connection.peer().text() + ": no message came within --timeout"};
  }
  return output.check();
}

Result<void> receive_all(Runtime& runtime, Connection& connection, const ChannelOptions& options,
                         Output& output) {
  static constexpr std::array kLineEnd{std::byte{'\n'}};
  const bool lines = !options.binary && options.connect.framing != Framing::raw;
  for (std::uint64_t received = 0; received < options.count; ++received) {
    if (auto waited = wait(runtime, connection, output, options.patience()); !waited) return waited;
    const auto message = connection.receive_bytes();
    if (!message) {
      return message.error() == Code::closed ? Result<void>{} : message.error();
    }
    if (auto added = output.add(*message); !added) return added;
    if (lines) {
      if (auto added = output.add(kLineEnd); !added) return added;
    }
  }
  return {};
}

}  // namespace

int recv(std::span<const char* const> arguments) {
  const auto options = parse_channel_options(Way::recv, arguments);
  if (!options) return wrong_command_line("recv", options.error());
  if (options->help) {
    std::cout << channel_usage(Way::recv);
    return kDone;
  }
  Runtime runtime{runtime_options("recv")};
  auto connection = meet(runtime, Way::recv, *options);
  if (!connection) return failed("recv", connection.error());
  Output output{runtime};
  const auto received = receive_all(runtime, *connection, *options, output);
  const auto flushed = output.flush();  // what came before an error is not lost
  if (!received) return failed("recv", received.error());
  return flushed ? kDone : failed("recv", flushed.error());
}

}  // namespace troupe::tools
