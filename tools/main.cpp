// SPDX-License-Identifier: Apache-2.0
// The program troupe: what the library does, from the shell. Each command is in a file of its own.

#include "tools/channel_options.hpp"
#include "tools/keygen.hpp"
#include "tools/look_options.hpp"
#include "tools/ps.hpp"
#include "tools/queue.hpp"
#include "tools/queue_options.hpp"
#include "tools/recv.hpp"
#include "tools/send.hpp"
#include "tools/stacks.hpp"
#include "tools/status.hpp"
#include "tools/top.hpp"
#include "tools/why.hpp"

#include <array>
#include <csignal>
#include <iostream>
#include <string>

namespace troupe::tools {
namespace {

using Arguments = std::span<const char* const>;

int help(Arguments arguments);
int version(Arguments arguments);

struct Command {
  std::string_view name;
  std::string_view summary;
  int (*run)(Arguments arguments);
  std::string usage;  // of itself; empty: that of all
};
const std::array kCommands{
    Command{"ps", "list running troupe programs, or the actors of one", ps, look_usage(Look::ps)},
    Command{"top", "the same, kept up to date", top, look_usage(Look::top)},
    Command{"why", "why an actor does not go on: whom it waits for, to the end", why,
            look_usage(Look::why)},
    Command{"stacks", "the actors that run or wait within a handler", stacks,
            look_usage(Look::stacks)},
    Command{"send", "send each line of standard input to an address", send,
            channel_usage(Way::send)},
    Command{"recv", "write what arrives at an address to standard output, a message a line", recv,
            channel_usage(Way::recv)},
    Command{"queue", "own a queue of lines, put into one, take from it, look into it", queue,
            queue_usage()},
    Command{"keygen", "make a key for zmq+tcp: and zmq+ipc:", keygen, std::string{keygen_usage()}},
    Command{"help", "this text, or that of a command: troupe help send", help, {}},
    Command{"version", "which version this is", version, {}},
};

std::string usage() {
  std::string text = "troupe COMMAND: troupe programs and their messages, from the shell\n\n";
  for (const Command& command : kCommands) {
    text += "  " + std::string{command.name} + std::string(9 - command.name.size(), ' ') +
            std::string{command.summary} + "\n";
  }
  return text +
         "\nAn address is fifo:/path, unix:/path, unix:@name, shm://name, tcp://host:port, "
         "tls://host:port,\nzmq+tcp://host:port, zmq+ipc:/path or pipe:?in=FD.\n";
}

int run(Arguments arguments) {
  const std::string_view name = arguments.empty() ? "" : arguments.front();
  for (const Command& command : kCommands) {
    if (name == command.name) return command.run(arguments.subspan(1));
  }
  if (name == "--help" || name == "-h") return help({});
  if (name == "--version") return version({});
  std::cerr << usage();
  std::cerr << (name.empty() ? "troupe: which command?"
                             : "troupe: there is no command " + std::string{name})
            << '\n';
  return kWrongCommandLine;
}

int help(Arguments arguments) {
  const std::string_view about = arguments.empty() ? "" : arguments.front();
  for (const Command& command : kCommands) {
    if (command.name == about && !command.usage.empty()) {
      std::cout << command.usage;
      return kDone;
    }
  }
  std::cout << usage();
  return kDone;
}

int version(Arguments /*arguments*/) {
  std::cout << "troupe " TROUPE_VERSION "\n";
  return kDone;
}

}  // namespace
}  // namespace troupe::tools

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed output is an error like others
  return troupe::tools::run({argv + 1, argv + argc});
}
