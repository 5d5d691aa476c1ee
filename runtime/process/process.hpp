// SPDX-License-Identifier: Apache-2.0
#pragma once

// Process: a function that runs in a process of its own, from construction on. In a child the
// constructor of Runtime in main never returns: it makes the child's runtime, runs the body with
// its arguments, and exits; statics are as they were before main.
//
//   troupe::Process worker{runtime, count_words, std::move(lines), 3};
//
// The body is a function, a lambda without captures, or bind(function, arguments…); it may take a
// Runtime& first. Arguments are messages: copied, or moved in when they are move-only (channel
// ends, descriptors), so that the starter keeps no copy of an end. What the body throws, or the
// error that it returns, is reported to the starter as Exit::Kind::failed; a body may also return
// an exit code.
//
// A child has the caller's current directory, umask, environment, ids, limits, output and error
// output at the start; its input is /dev/null, its process group its own, its signal mask empty and
// its dispositions the default ones. It is killed when this program ends, unless detached; one end
// or the other, it leaves no zombie. Thread-safe, but for moving and destroying.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/runtime/process/body.hpp"
#include "troupe/runtime/process/exit.hpp"
#include "troupe/runtime/process/process_options.hpp"
#include "troupe/serialization/encoded.hpp"

#include <sys/types.h>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace troupe {

class RuntimeCore;

namespace process {
class Child;
class Family;
}  // namespace process

class [[nodiscard]] Process final {
 public:
  // Starts `body`; throws what start() would return.
  template <class F, class... X>
  requires process::LooksLikeBody<F>
  explicit Process(RuntimeCore& runtime, F body, X&&... arguments)
      : Process(start(runtime, {}, std::move(body), std::forward<X>(arguments)...).value()) {}
  template <class F, class... X>
  requires process::LooksLikeBody<F>
  explicit Process(RuntimeCore& runtime, ProcessOptions options, F body, X&&... arguments)
      : Process(start(runtime, std::move(options), std::move(body), std::forward<X>(arguments)...)
                    .value()) {}
  // In the thread's current runtime.
  template <class F, class... X>
  requires process::LooksLikeBody<F>
  explicit Process(F body, X&&... arguments)
      : Process(start(ProcessOptions{}, std::move(body), std::forward<X>(arguments)...).value()) {}

  // Starts `body`. Blocks until the new process is set up, which takes a zygote about 0.1 ms.
  // Arguments are moved from only on success. Errors: refused (something of the caller's cannot be
  // given to the child; the executed program makes no Runtime in main; this process is a fork's
  // copy), failed (RuntimeOptions::preload threw), cancelled (the runtime is stopping),
  // invalid_argument (an argument cannot be encoded; the thread has no runtime), system.
  template <class F, class... X>
  requires process::LooksLikeBody<F>
  static Result<Process> start(RuntimeCore& runtime, ProcessOptions options, F body,
                               X&&... arguments);
  template <class F, class... X>
  requires process::LooksLikeBody<F>
  static Result<Process> start(ProcessOptions options, F body, X&&... arguments);

  // Empty; every use is `closed`.
  Process() noexcept;
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  // Terminates, waits ProcessOptions::grace, kills. A detached process is left alone.
  ~Process();

  // Waits until it has ended, and says how; again and from any thread. Errors: timed_out (it runs
  // still), cancelled, closed.
  Result<Exit> join(Deadline until = forever);

  // SIGTERM, SIGKILL, SIGINT. Success also when it has ended. Errors: closed, system.
  Result<void> terminate();
  Result<void> kill();
  Result<void> interrupt();
  Result<void> signal(int number);

  bool is_alive() const;
  std::optional<Exit> exit() const;  // once it has ended
  pid_t pid() const noexcept;        // 0 when empty
  const std::string& name() const noexcept;
  // Readable once it has ended; for select, poll, epoll, wait_any. -1 when empty.
  int sentinel() const noexcept;
  int ready_fd() const noexcept { return sentinel(); }

 private:
  Process(std::shared_ptr<process::Family> family, std::shared_ptr<process::Child> child) noexcept;

  // The current runtime's. Errors: invalid_argument.
  static Result<RuntimeCore*> current_runtime();
  static Result<Process> start_encoded(RuntimeCore& runtime, ProcessOptions options,
                                       AnyFunction entry, const Result<Encoded>& arguments);
  void let_go() noexcept;

  std::shared_ptr<process::Family> family_;
  std::shared_ptr<process::Child> child_;
};

// NOLINTBEGIN(performance-unnecessary-value-param): moved from, below
template <class F, class... X>
requires process::LooksLikeBody<F> Result<Process> Process::start(RuntimeCore& runtime,
                                                                  ProcessOptions options, F body,
                                                                  X&&... arguments) {
  // NOLINTEND(performance-unnecessary-value-param)
  using Call = process::Call<F, X...>;
  const typename Call::Arguments converted{arguments...};
  auto started =
      start_encoded(runtime, std::move(options), Call::entry(), Call::encode(body, converted));
  if (started) {
    (process::consume<X>(arguments), ...);
  }
  return started;
}

template <class F, class... X>
requires process::LooksLikeBody<F> Result<Process> Process::start(ProcessOptions options, F body,
                                                                  X&&... arguments) {
  auto runtime = current_runtime();
  if (!runtime) return runtime.error();
  return start(**runtime, std::move(options), std::move(body), std::forward<X>(arguments)...);
}

}  // namespace troupe
