// SPDX-License-Identifier: Apache-2.0
#pragma once

// MemoryStore: a Store of a test's, whose disk may be full, and whose contents a restart finds.

#include "troupe/runtime/queue/internal/store.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::queue {

class MemoryStore final : public Store {
 public:
  using Contents = std::map<std::string, std::string>;

  explicit MemoryStore(Contents& contents) : contents_(contents) {}

  Result<void> read(const Each& each) override {
    for (const auto& [key, value] : contents_) {
      if (auto taken = each(key, value); !taken) {
        return taken;
      }
    }
    return {};
  }
  void put(std::string_view key, std::string_view value) override {
    changes_[std::string{key}] = value;
  }
  void erase(std::string_view key) override { changes_[std::string{key}] = std::nullopt; }
  bool has_changes() const noexcept override { return !changes_.empty(); }
  Result<void> commit() override {
    ++commits;
    if (full) {
      return Error{Code::overloaded, "no room"};
    }
    for (auto& [key, value] : std::exchange(changes_, {})) {
      if (value) {
        contents_[key] = *std::move(value);
      } else {
        contents_.erase(key);
      }
    }
    return {};
  }

  int commits = 0;
  bool full = false;

 private:
  Contents& contents_;  // what is on the disk
  std::map<std::string, std::optional<std::string>> changes_;
};

}  // namespace troupe::queue
