// SPDX-License-Identifier: Apache-2.0
#pragma once

// OpenMark: says, while it lives, that something of a runtime is open: a connection, a listener.
// What is still marked when its runtime ends was forgotten, and is named in the log. For things
// that cost some µs to make anyway. Thread-safe.

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace troupe {

class RuntimeCore;
class OpenMark;

class OpenMarks final {
 public:
  std::vector<std::string> texts() const;

 private:
  friend class OpenMark;

  mutable std::mutex mutex_;
  std::list<const OpenMark*> marks_;  // guarded by mutex_
};

class OpenMark final {
 public:
  // `text`: "connection to unix:/run/a"; called by whoever looks, while this lives.
  OpenMark(RuntimeCore& runtime, std::function<std::string()> text);
  OpenMark(const OpenMark&) = delete;
  OpenMark& operator=(const OpenMark&) = delete;
  ~OpenMark() { lift(); }

  // It is open no more. Again: nothing happens.
  void lift() noexcept;

 private:
  friend class OpenMarks;

  const std::function<std::string()> text_;
  std::shared_ptr<OpenMarks> marks_;  // which the runtime may have left behind
  std::list<const OpenMark*>::iterator place_;
};

}  // namespace troupe
