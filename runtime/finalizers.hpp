// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is to be done at the end of a runtime: Runtime::at_exit. Python's
// multiprocessing.util.Finalize, but that an object which goes has its destructor here.
// Thread-safe.

#include "troupe/base/log.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace troupe {

class Finalizers;

// One function that was given to at_exit. A handle: copies mean the same; dropped, it stays.
class Finalizer final {
 public:
  Finalizer() = default;  // none: false

  // Runs it now, unless it has begun or was cancelled; whether it did. What it throws goes through.
  bool run() const;
  // It will not run. False: it has begun, or was cancelled.
  bool cancel() const;
  bool is_pending() const;

 private:
  friend class Finalizers;
  using Key = std::pair<int, std::uint64_t>;

  // NOLINTNEXTLINE(modernize-pass-by-value): a pair of numbers, which is copied
  Finalizer(std::weak_ptr<Finalizers> all, Key key) : all_(std::move(all)), key_(key) {}
  std::function<void()> take() const;

  std::weak_ptr<Finalizers> all_;
  Key key_{};
};

class Finalizers final : public std::enable_shared_from_this<Finalizers> {
 public:
  Finalizer add(int priority, std::function<void()> function);
  // Runs those of at least `lowest`, each once: the highest priority first, the newest first within
  // one; also those that are added meanwhile, by any thread. What one throws is logged.
  void run(int lowest, const Log& log);

 private:
  friend class Finalizer;

  std::mutex mutex_;
  // Guarded by mutex_. In the order in which they run, from the back.
  std::map<Finalizer::Key, std::function<void()>> pending_;
  std::uint64_t count_ = 0;
};

}  // namespace troupe
