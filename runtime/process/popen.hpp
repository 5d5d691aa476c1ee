// SPDX-License-Identifier: Apache-2.0
#pragma once

// Popen: a program that is not ours, while it runs: Python's subprocess.Popen. Its streams are
// Connections, a message a line, so an actor reads the output of a program as it would another's
// messages, and wait_any waits for both.
//
//   auto sort = subprocess::Popen::start({"sort"}, {.in = subprocess::Stdio::pipe()}).value();
//   sort.in().send_bytes(bytes_of("b"));
//   sort.in().close();
//   while (auto line = sort.out().receive_bytes()) …
//
// The program is killed when this one ends, however that ends, unless it is detached or its file
// changes its credentials (set-user-ID); what it has started itself is not known to the kernel as
// ours and may live on. That holds if it was started by the main thread, as long as that runs, and
// from any other thread. wait, poll, signals and pid: any thread. The streams, and communicate: one
// thread at a time. Moving and destroying: nobody else is in a call.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/process/exit.hpp"
#include "troupe/runtime/process/subprocess_options.hpp"

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

class RuntimeCore;

namespace subprocess {

// A program's end, and what it wrote into pipes.
struct Completed {
  Exit exit{};
  std::string out{};
  std::string err{};
  bool timed_out = false;  // Options::until passed, and it was ended
  bool truncated = false;  // it wrote more than Options::max_output, and was ended
  bool held_open = false;  // others have its outputs still (Options::linger): more may come, unread
};

class [[nodiscard]] Popen final {
 public:
  // Starts command[0], found in the PATH of the environment that it gets unless it has a '/', with
  // the rest as arguments. A relative path is seen from Options::cwd. Blocks until the program runs
  // (about the time of a vfork and an exec, whatever this process's size); a fiber is suspended.
  // Errors: system, with os_errno() and the name of the program or directory (there is none, it may
  // not be executed, …); invalid_argument; refused (this process is a fork's copy); cancelled.
  static Result<Popen> start(RuntimeCore& runtime, std::vector<std::string> command,
                             Options options = {});
  // In the thread's current runtime.
  static Result<Popen> start(std::vector<std::string> command, Options options = {});

  // Empty; every use is `closed`.
  Popen() noexcept;
  Popen(Popen&&) noexcept;
  Popen& operator=(Popen&&) noexcept;
  Popen(const Popen&) = delete;
  Popen& operator=(const Popen&) = delete;
  // Terminates it with its group, waits Options::grace, kills. A detached program is left alone.
  ~Popen();

  // Its streams that are pipes, framed as Options::framing says; others are empty. Closing in() is
  // the end of its input.
  Connection& in();
  Connection& out();
  Connection& err();

  // Writes `input` and the end of it, reads what out and err bring (after what their connections
  // have received), and waits for the program's end: all at once, so that no size of them can
  // block. Errors: timed_out, cancelled: nothing is lost, and another call, without input, goes on;
  // invalid_argument (input, but `in` is no pipe, or an earlier call had some).
  Result<Completed> communicate(std::string input = {}, Deadline until = forever);

  // Waits for its end, and says how that was; again and again. Does not read its outputs: a program
  // that writes more than a pipe holds does not end. Errors: timed_out, cancelled, closed.
  Result<Exit> wait(Deadline until = forever);
  // The same without waiting.
  std::optional<Exit> poll();

  // SIGTERM, SIGKILL, any: to the program alone. Success also when it has ended.
  Result<void> terminate();
  Result<void> kill();
  Result<void> signal(int number);
  // To its process group, while it has one of its own.
  Result<void> signal_group(int number);

  pid_t pid() const noexcept;  // 0 when empty
  // Readable once it has ended, for wait_any. -1 when empty.
  int ready_fd() const noexcept;

 private:
  struct State;
  friend Result<Completed> run(RuntimeCore& runtime, std::vector<std::string> command,
                               Options options);
  explicit Popen(std::unique_ptr<State> state) noexcept;
  static Result<Popen> start_as(RuntimeCore& runtime, const std::vector<std::string>& command,
                                Options options, bool of_run);
  Result<Completed> finish(Deadline until);

  std::unique_ptr<State> state_;  // null: empty
};

// What another program needs to go on with a connection of ours, for Options::pass_fds: its
// descriptor. Errors: refused (messages have been received here and not taken, or are still to be
// sent), invalid_argument (it is not one descriptor: a duplex pipe:, or shm:; take unix:), closed.
Result<UniqueFd> descriptor_of(Connection connection);

}  // namespace subprocess
}  // namespace troupe
