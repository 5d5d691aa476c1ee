// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reporter: what a runtime shows to the outside: the inspection socket for `troupe ps`, and
// /metrics, /livez, /readyz over HTTP. One thread of its own serves both, so that no stuck worker
// keeps them from answering; it begins with the first of the two and sleeps while nobody asks.
// Runtime has one. Thread-safe, but for construction and destruction. See
// docs/architecture.md#seeing-into-it.

#include "troupe/base/clock.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/node/inspection.hpp"
#include "troupe/transports/address.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace troupe {
class RuntimeCore;
}

namespace troupe::node {

struct HttpAnswer;
class HttpEndpoint;
class InspectionSocket;

class Reporter final {
 public:
  // Of `runtime`, which outlives it; its actors are set. Serves HTTP at `metrics` unless that is
  // empty. Throws Error, as a tcp:// listener does.
  Reporter(RuntimeCore& runtime, std::string name, const Address& metrics);
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;
  // Lets go of who is being answered.
  ~Reporter();

  // Can be asked from now on. What stands against it is logged: the program can do without.
  void open_inspection() noexcept;

  // What is told to who asks.
  ProgramReport report(Detail detail) const;

  // Whether /readyz says 200.
  void set_ready(bool ready) noexcept { ready_.store(ready); }
  // Where HTTP is served, with the port that was chosen; else empty.
  Address metrics_address() const;

 private:
  void start();  // the thread, unless it runs
  void run();
  std::unique_ptr<InspectionSocket> take_opened();
  void wake() noexcept;
  HttpAnswer answer(std::string_view path) const;

  RuntimeCore& runtime_;
  const std::string name_;
  const Instant began_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> ending_{false};
  const UniqueFd wake_;                 // an eventfd
  std::unique_ptr<HttpEndpoint> http_;  // the thread's, once that runs

  std::mutex mutex_;
  // Guarded by mutex_.
  std::unique_ptr<InspectionSocket> opened_;  // for the thread to take
  std::thread thread_;
};

}  // namespace troupe::node
