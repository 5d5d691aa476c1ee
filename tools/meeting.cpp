// SPDX-License-Identifier: Apache-2.0
#include "tools/meeting.hpp"

#include "tools/direct_fifo.hpp"
#include "tools/status.hpp"

namespace troupe::tools {

RuntimeOptions runtime_options(std::string_view command) {
  RuntimeOptions options;
  options.signals = SignalPolicy::stop_on_terminate;
  options.log = [command](std::string_view line) { say(command, line); };
  return options;
}

Result<Connection> meet(Runtime& runtime, Way way, const ChannelOptions& options) {
  const Address address = address_for(way, options);
  const auto connecting = options.with_key();
  if (!connecting) return connecting.error();
  if (!options.listen) {
    return connect(runtime, address, *connecting, options.patience());
  }
  auto listener = Listener::create(runtime, address, *connecting);
  if (!listener) return listener.error();
  if (listener->address() != address) {
    say(name_of(way), "listening at " + listener->address().text());  // chosen for us
  }
  auto connection = listener->accept(options.patience());
  if (!connection && connection.error() == Code::timed_out) {
    return Error{Code::timed_out,
                 "listen at " + listener->address().text() + ": nobody came within --timeout"};
  }
  return connection;
}

}  // namespace troupe::tools
