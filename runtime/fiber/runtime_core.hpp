// SPDX-License-Identifier: Apache-2.0
#pragma once

// RuntimeCore: what every floor of the runtime needs of a Runtime: its ports, its transports, and
// whether it is stopping. Runtime (runtime/runtime.hpp) is one, and is what users make; functions
// take a RuntimeCore& where a Runtime is meant, so that a floor never includes one above it.
//
// Thread-safe, but for construction and destruction.

#include "troupe/base/clock.hpp"
#include "troupe/base/log.hpp"
#include "troupe/base/random.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/fiber/ports.hpp"
#include "troupe/runtime/fiber/scheduler_options.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

namespace troupe {

class Flusher;
class OpenMarks;
namespace actor {
class System;
}
namespace fiber {
class Scheduler;
class Task;
}  // namespace fiber
namespace node {
class Hub;
}
namespace process {
class Family;
}
namespace queue {
class Registry;
}
namespace transports {
class Catalog;
}

// The ports to use; an empty one means the system's.
struct Ports {
  const Clock* clock = nullptr;  // not owned
  Random* random = nullptr;      // not owned
  std::unique_ptr<Executor> executor;
  std::unique_ptr<Poller> poller;
  std::optional<Life> life;  // nothing: ns since 1970, and the process
  bool spin = true;          // waits may poll for some µs first, while that has lately paid
  fiber::SchedulerOptions scheduler;
};

class RuntimeCore {
 public:
  explicit RuntimeCore(Ports ports = {}, Log log = {});
  RuntimeCore(const RuntimeCore&) = delete;
  RuntimeCore& operator=(const RuntimeCore&) = delete;

  const Clock& clock() const noexcept { return *clock_; }
  Random& random() noexcept { return *random_; }
  Executor& executor() noexcept { return *executor_; }
  Poller& poller() noexcept { return *poller_; }
  const Log& log() const noexcept { return log_; }
  // From that level on records are taken, here and in what is started from now on.
  void set_log_level(LogLevel level) noexcept { log_.set_level(level); }
  // What says that it is open.
  const std::shared_ptr<OpenMarks>& open_marks() const noexcept { return open_marks_; }
  transports::Catalog& transports() noexcept { return *transports_; }
  Flusher& flusher() noexcept { return *flusher_; }
  bool may_spin() const noexcept { return may_spin_; }
  const Life& life() const noexcept { return life_; }
  // The processes of this runtime; null where it can have none.
  const std::shared_ptr<process::Family>& family() const noexcept { return family_; }

  // Starts the workers at its first call. Throws Error (overloaded, system).
  fiber::Scheduler& scheduler();
  // Null while there are none.
  fiber::Scheduler* started_scheduler() const noexcept { return started_scheduler_.load(); }
  // The scheduler, where the calling thread is what its tasks run on, and runs them while it waits;
  // null elsewhere. Started if need be: another thread may make the first task meanwhile.
  fiber::Scheduler* driven_here() noexcept;
  // The actors of this runtime; null where it can have none.
  const std::shared_ptr<actor::System>& actors() const noexcept { return actors_; }

  // Its links to other nodes; null where it can have none.
  const std::shared_ptr<node::Hub>& nodes() const noexcept { return nodes_; }

  // The queues it owns, and its ways to those of others; null where it can have none.
  const std::shared_ptr<queue::Registry>& queues() const noexcept { return queues_; }

  // The thread that made it.
  std::thread::id maker() const noexcept { return maker_; }

  // Set once this runtime is to stop: every wait returns `cancelled` from then on.
  std::stop_token stop_token() const noexcept { return stop_.get_token(); }
  void request_stop() noexcept;
  bool stopping() const noexcept { return stop_.stop_requested(); }
  // Readable once stopping.
  int stop_fd() const noexcept { return stop_fd_.get(); }

  // The runtime of the calling thread; null when it has none.
  static RuntimeCore* current() noexcept;

  // Makes `runtime` (and its clock) the calling thread's for the life of the scope; scopes nest.
  class Scope;

 protected:
  ~RuntimeCore();

  // In a copy that fork() has made: lets go of what has threads, which are not there.
  void abandon() noexcept;

  // Ends the workers. True: some do not end by the deadline. Then, or if `some_wait` (there are
  // tasks that are suspended), the scheduler stays for ever.
  bool stop_scheduler(Deadline until, bool some_wait);

  // Called once, by the thread that first has something to be run, when the workers are there.
  void set_scheduler_started(std::function<void()> call) {
    scheduler_was_started_ = std::move(call);
  }

  void set_actors(std::shared_ptr<actor::System> actors) { actors_ = std::move(actors); }
  void set_nodes(std::shared_ptr<node::Hub> nodes) { nodes_ = std::move(nodes); }
  void set_queues(std::shared_ptr<queue::Registry> queues) { queues_ = std::move(queues); }
  void set_family(std::shared_ptr<process::Family> family) { family_ = std::move(family); }

 private:
  const Clock* clock_;
  Random* random_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<Poller> poller_;
  bool may_spin_;
  const Life life_;
  Log log_;
  const std::shared_ptr<OpenMarks> open_marks_;
  std::stop_source stop_;
  UniqueFd stop_fd_;
  std::unique_ptr<transports::Catalog> transports_;
  std::unique_ptr<Flusher> flusher_;
  std::shared_ptr<process::Family> family_;

  const std::thread::id maker_ = std::this_thread::get_id();
  const fiber::SchedulerOptions scheduler_options_;
  std::function<void()> scheduler_was_started_;
  std::once_flag scheduler_once_;
  std::unique_ptr<fiber::Scheduler> scheduler_;
  std::atomic<fiber::Scheduler*> started_scheduler_{nullptr};
  std::shared_ptr<actor::System> actors_;
  std::shared_ptr<node::Hub> nodes_;
  std::shared_ptr<queue::Registry> queues_;
};

class RuntimeCore::Scope final {
 public:
  explicit Scope(RuntimeCore& runtime) noexcept;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope();

 private:
  RuntimeCore* outer_;
  Clock::Scope clock_;
};

}  // namespace troupe
