// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a Runtime is made with. Every field has a default that suits a program of its own.

#include "troupe/base/clock.hpp"
#include "troupe/base/log.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/process/process_options.hpp"
#include "troupe/transports/address.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace troupe {

enum class SignalPolicy : std::uint8_t {
  leave_alone,
  // SIGINT and SIGTERM request a stop; the second SIGINT ends the program at once. One that a
  // SIGINT has stopped ends by it, unless with a status of its own that is not 0. Ctrl-Z stops, and
  // fg continues, the processes that it has started, too.
  stop_on_terminate,
};

// Whether `troupe ps` finds a runtime and may ask what its actors do; only its user may.
enum class Inspect : std::uint8_t {
  automatic,  // a Runtime{argc, argv}, once its actors begin; not an embedded one
  on,         // from construction on, actors or not
  off,
};

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order of who reads it
struct RuntimeOptions {
  std::string name{};  // for logs and threads; default: the process's

  // Threads that run actors; 0: one for each CPU that the process may use. They start with the
  // first actor.
  std::size_t workers = 0;
  // False: there are none, and the program's own loop drives the actors: Runtime::fd, poll_once.
  bool own_threads = true;
  // How long an ask waits where it does not say.
  Duration ask_timeout = std::chrono::seconds{5};

  // How processes start where ProcessOptions does not say; automatic: from a zygote where there can
  // be one.
  StartMethod start = StartMethod::automatic;
  // What is executed for StartMethod::exec, and for a zygote that has to be made anew; default:
  // this program. It must make a Runtime{argc, argv} in main, and be the same build.
  std::filesystem::path executable{};
  // Runs where children come from: once in the zygote, in each child that has none. What it loads
  // children share, copy-on-write. It may not leave a thread running. The descriptors it opens stay
  // open.
  std::function<void()> preload{};

  SignalPolicy signals = SignalPolicy::leave_alone;
  // How long the destructor lets what runs end by itself; processes may have less
  // (ProcessOptions::grace).
  Duration stop_grace = std::chrono::seconds{10};

  // Where plain names live: Runtime::address. Who starts the program may say another one, by
  // --troupe-base or TROUPE_BASE. Default: shm:, which is this host, and this user.
  Address base{};

  // A node that gives no sign of life for so long is lost; five times in it one is asked for. At
  // least 10 ms. Less notices sooner, and takes a busy host or a slow network for a lost one.
  Duration detection = std::chrono::seconds{5};

  Inspect inspect = Inspect::automatic;
  // Where /metrics (OpenMetrics), /livez and /readyz are served over HTTP, such as
  // tcp://127.0.0.1:9464; port 0 chooses. In the clear and to whoever can connect: beyond loopback
  // it must say ?plaintext=accepted. Child processes serve none.
  Address metrics{};

  // Where the log goes: a function that takes a const LogRecord&, or its message as a
  // std::string_view; Log::to_fd, Log::to_stderr. Called from several threads at once, and in
  // children too. Default: nowhere.
  Log::Sink log{};
  // From which level on. A child has that which its starter has when it starts it, whatever is
  // here.
  LogLevel log_level = LogLevel::info;
  // Makes what tells the time, chooses, runs and waits; for tests and embedding. Default: the
  // system's.
  std::function<Ports()> ports{};
};

}  // namespace troupe
