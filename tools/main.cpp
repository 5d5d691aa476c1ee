// SPDX-License-Identifier: Apache-2.0
// The program troupe: what the library does, from the shell. Each command is in a file of its own.

#include "tools/channel_options.hpp"
#include "tools/recv.hpp"
#include "tools/send.hpp"
#include "tools/status.hpp"

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
};
constexpr std::array kCommands{
    Command{"send", "send each line of standard input to an address", send},
    Command{"recv", "write what arrives at an address to standard output, a message a line", recv},
    Command{"help", "this text, or that of a command: troupe help send", help},
    Command{"version", "which version this is", version},
};

std::string usage() {
  std::string text = "troupe COMMAND: message passing between processes, from the shell\n\n";
  for (const Command& command : kCommands) {
    text += "  " + std::string{command.name} + std::string(9 - command.name.size(), ' ') +
            std::string{command.summary} + "\n";
  }
  return text +
         "\nAn address is fifo:/path, unix:/path, unix:@name, shm://name, tcp://host:port or "
         "pipe:?in=FD.\n";
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
  std::cout << (about == "send"   ? std::string{channel_usage(Way::send)}
                : about == "recv" ? std::string{channel_usage(Way::recv)}
                                  : usage());
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
