// SPDX-License-Identifier: Apache-2.0
#pragma once

// The actors that tests of process actors spawn, and what is said to them.

#include "actor/support.hpp"
#include "troupe/runtime/actor/signals.hpp"
#include "troupe/runtime/runtime.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGSEGV is POSIX
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace troupe::actor_test {

struct WhoAreYou {};
struct Twice {
  int number = 0;
};
struct Refuse {
  std::string why;
  int code = 0;
};
struct Throw {
  std::string what;
};
struct Crash {};
struct Sleep {};
struct Echo {
  std::string text;
};
struct Make {
  std::size_t size = 0;
};
struct SpawnAnother {};
struct NotListed {};
// Made where it is handled, if it has a name; then the handler goes on until its asker gives up.
struct Linger {
  std::string file;
};
struct Lingered {};
// Wants SIGUSR1, says so with the file, and is answered with what came.
struct AwaitSignal {
  std::string file;
};

// Does what it is told, where it is.
class Worker final {
 public:
  using Accepts =
      Protocol<void(int), std::vector<int>(Read), pid_t(WhoAreYou), int(Twice), int(Refuse),
               void(Throw), void(Crash), void(Sleep), std::string(Echo), pid_t(SpawnAnother),
               std::string(Make), int(Linger), int(Lingered), Result<int>(AwaitSignal)>;

  Worker() = default;
  explicit Worker(std::vector<int> numbers) : numbers_(std::move(numbers)) {}
  explicit Worker(const std::string& what) { throw std::runtime_error{what}; }

  void handle(int number) { numbers_.push_back(number); }
  std::vector<int> handle(Read /*read*/) { return numbers_; }
  pid_t handle(WhoAreYou /*question*/) { return ::getpid(); }
  int handle(Twice twice) { return 2 * twice.number; }
  Result<int> handle(const Refuse& refuse) { return Error::failed(refuse.why, refuse.code); }
  void handle(const Throw& it) { throw std::runtime_error{it.what}; }
  void handle(Crash /*crash*/) {
    std::fputs("about to crash\n", stderr);
    volatile int* volatile nowhere = nullptr;
    *nowhere = 1;
  }
  void handle(Sleep /*sleep*/, Context& context) { (void)context.sleep(std::chrono::hours{1}); }
  std::string handle(Echo echo) { return std::move(echo.text); }
  std::string handle(Make make) { return std::string(make.size, 'x'); }
  pid_t handle(SpawnAnother /*spawn*/, Context& context) {
    return context.spawn_process<Worker>().value().ask(WhoAreYou{}).value();
  }
  int handle(NotListed /*message*/) { return 0; }
  int handle(const Linger& linger, Context& context) {
    if (!linger.file.empty()) {
      std::ofstream{linger.file} << "begun\n";
    }
    // Not on a worker: it may be the one on which the link is read.
    context.blocking([token = context.ask_stop_token()] {
      while (!token.stop_requested()) {
        std::this_thread::yield();
      }
    });
    return ++lingered_;
  }
  int handle(Lingered /*question*/) { return lingered_; }
  Result<int> handle(const AwaitSignal& await, Context& context) {
    Signals signals{context.runtime(), {SIGUSR1}};
    std::ofstream{await.file} << "ready\n";
    const auto signal = signals.wait();
    return signal ? Result<int>{signal->number} : Result<int>{signal.error()};
  }

 private:
  int lingered_ = 0;
  std::vector<int> numbers_;
};

// Asks a worker elsewhere.
class Front final {
 public:
  explicit Front(Ref<Worker> worker) : worker_(worker) {}
  Result<int> handle(Twice twice) { return worker_.ask(twice); }
  void handle(const Linger& linger) { lingering_ = worker_.ask_async(linger, forever); }

 private:
  Ref<Worker> worker_;
  Future<int> lingering_;
};

struct Begin {};

class Parent final {
 public:
  Ref<Worker> handle(Begin /*begin*/, Context& context) {
    return context.spawn_process<Worker>().value();
  }
};

inline Down await_down(Inbox<Protocol<>>& inbox) {
  std::optional<Down> seen;
  inbox.receive([&](Down down) { seen = std::move(down); }).value();
  return *std::move(seen);
}

}  // namespace troupe::actor_test
