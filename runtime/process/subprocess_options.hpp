// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a program that is not ours is started, and what it is given. Values.

#include "troupe/base/clock.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/transports/options.hpp"

#include <sys/types.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::subprocess {

// What one of a program's standard streams is.
class Stdio final {
 public:
  enum class Kind : std::uint8_t { usual, inherited, nothing, pipe, file, descriptor, merged };

  Stdio() = default;  // as Options says
  // This program's own; /dev/null where it has closed that.
  static Stdio inherited() { return Stdio{Kind::inherited}; }
  // /dev/null.
  static Stdio nothing() { return Stdio{Kind::nothing}; }
  // Captured by run and communicate; a Connection of Popen's.
  static Stdio pipe() { return Stdio{Kind::pipe}; }
  // Read from its beginning; as an output it is made, and emptied or, with `append`, continued.
  static Stdio file(std::filesystem::path path, bool append = false) {
    Stdio made{Kind::file};
    made.path_ = std::move(path);
    made.append_ = append;
    return made;
  }
  // A descriptor of the caller's, which keeps it; it must be open until the start.
  static Stdio descriptor(int fd) {
    Stdio made{Kind::descriptor};
    made.fd_ = fd;
    return made;
  }
  // Of err: wherever out goes, in the order that it was written (2>&1).
  static Stdio merged() { return Stdio{Kind::merged}; }

  Kind kind() const noexcept { return kind_; }
  const std::filesystem::path& path() const noexcept { return path_; }
  bool append() const noexcept { return append_; }
  int fd() const noexcept { return fd_; }

 private:
  explicit Stdio(Kind kind) : kind_(kind) {}

  Kind kind_ = Kind::usual;
  bool append_ = false;
  int fd_ = -1;
  std::filesystem::path path_;
};

// A descriptor of the caller's, and the number that the program finds it as, from 3 on.
struct PassedFd {
  int fd = -1;
  int as = -1;
};

// A user, or a group: by number, or by name, which is looked up at the start.
class Account final {
 public:
  // NOLINTBEGIN(google-explicit-constructor): written as Options::user = "nobody", or 65534
  Account(std::string name) : name_(std::move(name)) {}
  Account(const char* name) : name_(name) {}
  Account(std::integral auto id) : id_(static_cast<std::int64_t>(id)) {}
  // NOLINTEND(google-explicit-constructor)

  const std::optional<std::int64_t>& id() const noexcept { return id_; }  // none: by name
  const std::string& name() const noexcept { return name_; }

 private:
  std::optional<std::int64_t> id_;
  std::string name_;
};

struct Options {
  std::string input{};          // of run: what it reads; then `in` is a pipe
  bool capture = false;         // out and err, where not said otherwise, are pipes
  bool check = false;           // of run: a bad end is an Error
  bool new_session = false;     // setsid: no terminal, no SIGHUP of ours
  std::filesystem::path cwd{};  // empty: the caller's
  // All of it; none: the caller's.
  std::optional<std::map<std::string, std::string>> environment{};
  std::vector<int> pass_fds{};  // it has them too, under the same numbers, from 3 on
  Deadline until = forever;     // of run: then it is ended, with its process group

  Stdio in{};                       // usual: /dev/null
  Stdio out{};                      // usual: of run, inherited; of Popen, a pipe
  Stdio err{};                      // usual: inherited
  std::vector<PassedFd> pass_as{};  // as pass_fds, under other numbers
  std::string executable{};         // the file to execute; empty: what command's first word names
  // It is in a process group of its own, which is ended as a whole. False: in the caller's, so that
  // it may read from the terminal and Ctrl-C reaches it; then only the program itself is ended.
  bool own_group = true;
  // 0: own_group, whatever that says. Another: it joins that group, which has to be of the caller's
  // session; then only the program itself is ended.
  std::optional<pid_t> process_group{};
  // Whose rights it has; none: the caller's. Each for itself, as in Python: who gives it a user
  // may not want it to keep the caller's groups. Takes root, or CAP_SETUID and CAP_SETGID; its
  // start then takes as long as a fork. cwd is entered, and files are opened, as the caller.
  std::optional<Account> user{};
  std::optional<Account> group{};
  std::optional<std::vector<Account>> extra_groups{};  // empty: none
  std::optional<mode_t> umask{};                       // none: the caller's
  bool detached = false;                               // outlives this program, and the Popen
  // Bytes of out, and of err, that are kept at most; a program that writes more is ended
  // (Completed::truncated). More would be memory that nobody meant to give.
  std::size_t max_output = std::size_t{1} << 30U;
  // Between SIGTERM and SIGKILL: after `until`, at the destructor, at a stop.
  Duration grace = std::chrono::seconds{2};
  // How long others, to whom the program has left its outputs, are still listened to when it has
  // ended itself (Completed::held_open).
  Duration linger = std::chrono::seconds{5};
  std::size_t pipe_size = 0;         // bytes that each pipe holds, as F_SETPIPE_SZ; 0: the system's
  Framing framing = Framing::lines;  // of Popen's connections; a line, or raw: what comes at once
  std::size_t max_message = 64U << 20U;  // the longest line
};

}  // namespace troupe::subprocess
