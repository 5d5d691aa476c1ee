// SPDX-License-Identifier: Apache-2.0
#include "tools/queue.hpp"

#include "tools/meeting.hpp"
#include "tools/queue_look.hpp"
#include "tools/queue_options.hpp"
#include "tools/queue_put.hpp"
#include "tools/queue_serve.hpp"
#include "tools/queue_take.hpp"
#include "tools/status.hpp"

#include <iostream>

namespace troupe::tools {
namespace {

Result<void> run(Runtime& runtime, const QueueCommand& command, const ConnectOptions& connect) {
  switch (command.verb) {
    case QueueVerb::serve:
      return serve_queue(runtime, command, connect);
    case QueueVerb::put:
      return put_lines(runtime, command, connect);
    case QueueVerb::take:
      return take_items(runtime, command, connect);
    case QueueVerb::peek:
      return write_waiting(runtime, command, connect);
    case QueueVerb::stat:
      return write_stats(runtime, command, connect);
    case QueueVerb::dead:
      return write_dead_letters(runtime, command, connect);
    case QueueVerb::close:
      return close_queue(runtime, command, connect);
  }
  return {};
}

}  // namespace

int queue(std::span<const char* const> arguments) {
  const auto command = parse_queue_command(arguments);
  if (!command) return wrong_command_line("queue", command.error());
  if (command->help) {
    std::cout << queue_usage();
    return kDone;
  }
  const std::string_view name = name_of(command->verb);
  const auto connect = command->with_key();
  if (!connect) return failed(name, connect.error());
  Runtime runtime{runtime_options(name)};
  const auto done = run(runtime, *command, *connect);
  return done ? kDone : failed(name, done.error());
}

}  // namespace troupe::tools
