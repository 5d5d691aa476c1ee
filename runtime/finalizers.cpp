// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/finalizers.hpp"

#include <exception>
#include <iterator>
#include <string>

namespace troupe {

std::function<void()> Finalizer::take() const {
  const auto all = all_.lock();
  if (all == nullptr) return {};
  const std::lock_guard lock{all->mutex_};
  auto node = all->pending_.extract(key_);
  return node ? std::move(node.mapped()) : std::function<void()>{};
}

bool Finalizer::run() const {
  const auto function = take();
  if (function) function();
  return static_cast<bool>(function);
}

bool Finalizer::cancel() const {
  return static_cast<bool>(take());
}

bool Finalizer::is_pending() const {
  const auto all = all_.lock();
  if (all == nullptr) return false;
  const std::lock_guard lock{all->mutex_};
  return all->pending_.contains(key_);
}

Finalizer Finalizers::add(int priority, std::function<void()> function) {
  const std::lock_guard lock{mutex_};
  const Finalizer::Key key{priority, ++count_};
  pending_.emplace(key, std::move(function));
  return {weak_from_this(), key};
}

void Finalizers::run(int lowest, const Log& log) {
  for (;;) {
    std::function<void()> function;
    int priority = 0;
    {
      const std::lock_guard lock{mutex_};
      if (pending_.empty()) return;
      const auto last = std::prev(pending_.end());
      priority = last->first.first;
      if (priority < lowest) return;
      function = std::move(last->second);
      pending_.erase(last);
    }
    std::string what;
    try {
      function();
      continue;
    } catch (const std::exception& error) {
      what = error.what();
    } catch (...) {
      what = "something that is not a std::exception";
    }
    log.write(LogLevel::error, "a function for the end, of priority " + std::to_string(priority) +
                                   ", threw: " + what);
  }
}

}  // namespace troupe
