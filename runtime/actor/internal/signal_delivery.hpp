// SPDX-License-Identifier: Apache-2.0
#pragma once

// SignalDelivery: hands the signals of one Signals to actors. Has a thread of the runtime's
// executor, which sleeps while no signal comes. Thread-safe.

#include "troupe/runtime/actor/signals.hpp"
#include "troupe/runtime/process/pending_signals.hpp"
#include "troupe/runtime/process/signal_box.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace troupe::actor {

class SignalDelivery final : public std::enable_shared_from_this<SignalDelivery> {
 public:
  // Throws as SignalBox.
  explicit SignalDelivery(std::span<const int> numbers) : box_(numbers) {}

  // Once.
  void begin(RuntimeCore& runtime);
  void add(const Target& target, WriteSignal write);
  // Delivers nothing from when this returns, but for what its thread is at.
  void end();

 private:
  struct Receiver {
    Target target;
    WriteSignal write;
    std::shared_ptr<process::PendingSignals> pending;
  };

  void deliver(const Signal& signal);

  process::SignalBox box_;
  std::atomic<bool> ended_{false};
  std::mutex mutex_;
  std::vector<Receiver> receivers_;  // guarded by mutex_
};

}  // namespace troupe::actor
