// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/command.hpp"

#include "troupe/runtime/process/internal/accounts.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace troupe::process {
namespace {

using subprocess::Options;
using subprocess::Stdio;
using Kind = Stdio::Kind;

Error wrong(const Command& command, const std::string& why) {
  return Error{Code::invalid_argument, "start " + command.program.described + ": " + why};
}

bool has_null(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

Result<void> set_words(Command& command, const std::vector<std::string>& words,
                       const Options& options) {
  os::Program& program = command.program;
  if (words.empty() || (words.front().empty() && options.executable.empty())) {
    return Error{Code::invalid_argument, "start a program: the command is empty"};
  }
  program.path = options.executable.empty() ? words.front() : options.executable;
  program.described = "'" + program.path + "'";
  command.name = program.path.substr(program.path.rfind('/') + 1);
  program.arguments = words;
  if (std::ranges::any_of(words, has_null) || has_null(program.path) ||
      has_null(options.cwd.native())) {
    return wrong(command, "a word of its command, or its directory, has a zero byte in it");
  }
  program.directory = options.cwd.native();
  return {};
}

Result<void> set_environment(Command& command, const Options& options) {
  auto& lines = command.program.environment;
  if (!options.environment) {
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
      lines.emplace_back(*entry);
    }
    return {};
  }
  for (const auto& [name, value] : *options.environment) {
    if (name.empty() || name.find('=') != std::string::npos || has_null(name) || has_null(value)) {
      return wrong(command, "the environment variable '" + name +
                                "' has no name, a '=' in its name, or a zero byte");
    }
    lines.emplace_back(name).append("=").append(value);
  }
  return {};
}

// As execvp: only a name without '/' is looked for.
void set_paths(os::Program& program) {
  if (program.path.find('/') != std::string::npos) return;
  constexpr std::string_view kVariable = "PATH=";
  std::string_view list = "/bin:/usr/bin";  // execvp's, where there is no PATH
  for (const std::string_view line : program.environment) {
    if (line.starts_with(kVariable)) {
      list = line.substr(kVariable.size());
      break;
    }
  }
  std::vector<std::string> paths;
  program.described += " (looked for in " + std::string{list} + ")";
  for (std::size_t from = 0; from <= list.size();) {
    const std::size_t end = std::min(list.find(':', from), list.size());
    const std::string folder{list.substr(from, end - from)};
    paths.push_back((folder.empty() ? "." : folder) + "/" + program.path);
    from = end + 1;
  }
  program.path = std::move(paths.front());
  paths.erase(paths.begin());
  program.further_paths = std::move(paths);
}

Result<void> set_fds(Command& command, const Options& options) {
  auto& placed = command.program.fds;
  for (const int fd : options.pass_fds) {
    placed.push_back({fd, fd});
  }
  for (const auto& passed : options.pass_as) {
    placed.push_back({passed.fd, passed.as});
  }
  std::vector<int> numbers;
  for (const auto& [fd, as] : placed) {
    if (::fcntl(fd, F_GETFD) < 0) {
      return wrong(command,
                   "descriptor " + std::to_string(fd) + " is to be passed and is not open");
    }
    if (as < os::kInheritedFd) {
      return wrong(command, "a descriptor cannot be passed as " + std::to_string(as) +
                                ": numbers begin at 3; below are Options::in, out and err");
    }
    if (std::ranges::count(numbers, as) > 0) {
      return wrong(command, "two descriptors are to be passed as " + std::to_string(as));
    }
    numbers.push_back(as);
  }
  return {};
}

// A pipe of which our end does not block; it is shared with nobody.
Result<void> set_pipe(Command& command, int number, UniqueFd& ours, std::size_t size) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Error::system("start " + command.program.described + ": make a pipe", errno);
  }
  UniqueFd reader{ends[0]};
  UniqueFd writer{ends[1]};
  if (size != 0 && ::fcntl(writer.get(), F_SETPIPE_SZ,
                           static_cast<int>(std::min<std::size_t>(size, 1U << 30U))) < 0) {
    return Error::system("start " + command.program.described + ": make a pipe of " +
                             std::to_string(size) + " bytes",
                         errno);
  }
  if (number == STDIN_FILENO) std::swap(reader, writer);
  ours = std::move(reader);
  ::fcntl(ours.get(), F_SETFL, ::fcntl(ours.get(), F_GETFL) | O_NONBLOCK);
  command.program.fds.push_back({writer.get(), number});
  command.theirs.push_back(std::move(writer));
  return {};
}

Result<void> set_file(Command& command, int number, const std::string& path, int flags) {
  constexpr mode_t kMode = 0666;
  UniqueFd file{::open(path.c_str(), flags | O_CLOEXEC, kMode)};
  if (!file) {
    return Error::system("start " + command.program.described + ": open '" + path + "'", errno);
  }
  command.program.fds.push_back({file.get(), number});
  command.theirs.push_back(std::move(file));
  return {};
}

Result<void> merge(Command& command) {
  auto& placed = command.program.fds;
  const auto out = std::ranges::find(placed, STDOUT_FILENO, &os::Placed::as);
  if (out != placed.end()) {
    placed.push_back({out->from, STDERR_FILENO});
    return {};
  }
  // Inherited: ours, if that is open and meant for others.
  const int flags = ::fcntl(STDOUT_FILENO, F_GETFD);
  if (flags < 0 || (flags & FD_CLOEXEC) != 0) {
    return set_file(command, STDERR_FILENO, "/dev/null", O_WRONLY);
  }
  placed.push_back({STDOUT_FILENO, STDERR_FILENO});
  return {};
}

Result<void> set_stream(Command& command, int number, const Stdio& stream, UniqueFd& ours,
                        std::size_t pipe_size) {
  const bool input = number == STDIN_FILENO;
  switch (stream.kind()) {
    case Kind::usual:
    case Kind::inherited:
      command.program.starters_input |= input;
      return {};
    case Kind::nothing:
      return set_file(command, number, "/dev/null", input ? O_RDONLY : O_WRONLY);
    case Kind::pipe:
      return set_pipe(command, number, ours, pipe_size);
    case Kind::file:
      return set_file(
          command, number, stream.path().native(),
          input ? O_RDONLY : O_WRONLY | O_CREAT | (stream.append() ? O_APPEND : O_TRUNC));
    case Kind::descriptor:
      if (::fcntl(stream.fd(), F_GETFD) < 0) {
        return wrong(command, "descriptor " + std::to_string(stream.fd()) +
                                  " is to be a standard stream and is not open");
      }
      command.program.fds.push_back({stream.fd(), number});
      return {};
    case Kind::merged:
      if (number != STDERR_FILENO) return wrong(command, "only err can be merged, with out");
      return merge(command);
  }
  return {};
}

Result<void> set_streams(Command& command, const Options& options, bool of_run) {
  const auto usual = [](const Stdio& given, const Stdio& otherwise) {
    return given.kind() == Kind::usual ? otherwise : given;
  };
  const bool capture = of_run ? options.capture : true;
  const Stdio captured = capture ? Stdio::pipe() : Stdio::inherited();
  const Stdio in = usual(options.in, options.input.empty() ? Stdio::nothing() : Stdio::pipe());
  if (!options.input.empty() && in.kind() != Kind::pipe) {
    return wrong(command, "it has Options::input, so Options::in can only be a pipe");
  }
  const std::size_t size = options.pipe_size;
  auto done = set_stream(command, STDIN_FILENO, in, command.in, size);
  if (done) {
    done = set_stream(command, STDOUT_FILENO, usual(options.out, captured), command.out, size);
  }
  if (done) {
    const Stdio err = usual(options.err, options.capture ? Stdio::pipe() : Stdio::inherited());
    done = set_stream(command, STDERR_FILENO, err, command.err, size);
  }
  return done;
}

Result<void> set_group(Command& command, const Options& options) {
  os::Program& program = command.program;
  program.group = options.new_session ? os::Group::session
                  : options.own_group ? os::Group::own
                                      : os::Group::starters;
  if (!options.process_group) return {};
  const pid_t number = *options.process_group;
  const std::string named = "process_group " + std::to_string(number) + ": ";
  if (number < 0) return wrong(command, named + "a group has a number from 1 on; 0 is its own");
  if (number == 0) {
    if (!options.new_session) program.group = os::Group::own;
    return {};
  }
  if (options.new_session) {
    return wrong(command, named + "the leader of a new_session is in a group of its own");
  }
  program.group = os::Group::other;
  program.other_group = number;
  return {};
}

Result<void> set_rights(Command& command, const Options& options) {
  constexpr mode_t kMost = 0777;
  if (options.umask && *options.umask > kMost) {
    return wrong(command,
                 "umask " + std::to_string(*options.umask) + ": it is a number from 0 to 0777");
  }
  command.program.umask = options.umask;
  auto credentials = credentials_of(options);
  if (!credentials) return credentials.error().within("start " + command.program.described);
  command.program.credentials = *std::move(credentials);
  return {};
}

}  // namespace

Result<Command> prepare(const std::vector<std::string>& words, const Options& options,
                        bool of_run) {
  Command command;
  os::Program& program = command.program;
  auto done = set_words(command, words, options);
  if (done) done = set_environment(command, options);
  if (!done) return done.error();
  set_paths(program);
  program.dies_with_thread = !options.detached;
  done = set_group(command, options);
  if (done) done = set_rights(command, options);
  if (done) done = set_fds(command, options);
  if (done) done = set_streams(command, options, of_run);
  if (!done) return done.error();
  return command;
}

}  // namespace troupe::process
