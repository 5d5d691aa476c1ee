// SPDX-License-Identifier: Apache-2.0
#pragma once

// Log: where the library says what nobody waits for. It never prints by itself: lines go to the
// sink that the program gave, a call a line, without a line end. Thread-safe; the sink may be
// called from several threads at once. A value: copies share the sink.

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace troupe {

class Log final {
 public:
  using Sink = std::function<void(std::string_view line)>;

  Log() = default;  // drops every line
  explicit Log(Sink sink) : sink_(sink ? std::make_shared<const Sink>(std::move(sink)) : nullptr) {}

  void write(std::string_view line) const {
    if (sink_ != nullptr) {
      (*sink_)(line);
    }
  }

 private:
  std::shared_ptr<const Sink> sink_;
};

}  // namespace troupe
