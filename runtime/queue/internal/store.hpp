// SPDX-License-Identifier: Apache-2.0
#pragma once

// Store: keys and values in a directory, which survive the death of the process that wrote them.
// What a durable queue is kept in; docs/decisions/0012 says why by which library. One thread's at a
// time.
//
// Changes are collected, and written by commit(): all of them or none, whenever the process ends. A
// commit that was cut off is not there; what was damaged otherwise is an error, never a guess.

#include "troupe/base/result.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

namespace troupe::queue {

class Store {
 public:
  using Each = std::function<Result<void>(std::string_view key, std::string_view value)>;

  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  // Brings each key, in the order of their bytes, until one is answered with an error. Errors:
  // malformed (it is damaged), those of `each`.
  virtual Result<void> read(const Each& each) = 0;

  // Of the next commit. The later change of a key counts.
  virtual void put(std::string_view key, std::string_view value) = 0;
  virtual void erase(std::string_view key) = 0;
  virtual bool has_changes() const noexcept = 0;
  // After an error the changes are kept: they are in the next commit, too. Errors: overloaded (the
  // disk takes nothing, with its reason), malformed (it is damaged).
  virtual Result<void> commit() = 0;
};

// Opens the one in the directory `path`, or makes it. `sync`: a commit is on the disk, not only
// with the kernel. Errors: refused (somebody else has it open; there is something else), malformed
// (it is damaged), system.
Result<std::unique_ptr<Store>> open_store(const std::filesystem::path& path, bool sync);

}  // namespace troupe::queue
