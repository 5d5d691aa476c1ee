// SPDX-License-Identifier: Apache-2.0
#pragma once

// Log: where the library, and what runs on it, says what nobody waits for. It never prints by
// itself: records go to the sink that the program gave, one call each; the sink may be called from
// several threads at once. A ready-made one writes lines to a descriptor. Thread-safe. A value:
// copies share sink and level.

#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace troupe {

enum class LogLevel : std::uint8_t { debug, info, warning, error, none };

std::string_view name_of(LogLevel level) noexcept;  // "warning"

// Where in the source something is called from: the default of a parameter is that of the call.
struct CodePlace {
  const char* file = "";
  int line = 0;

  // std::source_location, which clang 14 lacks.
  static constexpr CodePlace current(const char* file = __builtin_FILE(),
                                     int line = __builtin_LINE()) noexcept {
    return {file, line};
  }
};

// The texts are the sink's while it is called.
struct LogRecord {
  LogLevel level = LogLevel::warning;
  std::string_view process;  // this_process::name, or RuntimeOptions::name
  std::string_view who;      // the actor, or what else speaks; empty: the library, or the program
  std::string_view text;     // without line end
  CodePlace where;           // of the call that logs

  std::string message() const;  // "Account 17.3: no such row"
};

// What is done with a record. Made of a function that takes the record, or its message.
class LogSink final {
 public:
  LogSink() = default;  // nothing
  // NOLINTBEGIN(google-explicit-constructor,bugprone-forwarding-reference-overload): a function is
  // what a sink is given as
  template <class F>
  requires(!std::same_as<F, LogSink> && std::is_invocable_v<const F&, const LogRecord&>)
      LogSink(F take)
      : take_(std::move(take)) {}
  template <class F>
  requires(!std::same_as<F, LogSink> && std::is_invocable_v<const F&, std::string_view> &&
           !std::is_invocable_v<const F&, const LogRecord&>) LogSink(F take)
      : take_([take = std::move(take)](const LogRecord& record) { take(record.message()); }) {}
  // NOLINTEND(google-explicit-constructor,bugprone-forwarding-reference-overload)

  explicit operator bool() const noexcept { return static_cast<bool>(take_); }
  void operator()(const LogRecord& record) const { take_(record); }

 private:
  std::function<void(const LogRecord&)> take_;
};

class Log final {
 public:
  using Sink = LogSink;

  Log() = default;  // drops everything
  explicit Log(Sink sink, LogLevel level = LogLevel::info, std::string process = {})
      : state_(sink ? std::make_shared<State>(std::move(sink), std::move(process), level)
                    : nullptr),
        level_without_(level) {}

  // From that level on records are taken; a child process begins with that of its starter.
  LogLevel level() const noexcept {
    return state_ != nullptr ? state_->level.load(std::memory_order_relaxed) : level_without_;
  }
  void set_level(LogLevel level) noexcept {
    level_without_ = level;
    if (state_ != nullptr) state_->level.store(level, std::memory_order_relaxed);
  }
  // Whether anybody would see it: where the text is costly to make.
  bool takes(LogLevel level) const noexcept {
    return state_ != nullptr && level >= state_->level.load(std::memory_order_relaxed) &&
           level < LogLevel::none;
  }

  void write(LogLevel level, std::string_view text, std::string_view who = {},
             CodePlace where = CodePlace::current()) const {
    if (takes(level)) state_->sink({level, state_->process, who, text, where});
  }
  // A warning.
  void write(std::string_view text, CodePlace where = CodePlace::current()) const {
    write(LogLevel::warning, text, {}, where);
  }

  // A sink that writes a line for each record to `fd`, which must stay open:
  //
  //   2026-11-28T21:04:15.123456Z warning Process-1[4711] Account 17.3: no such row
  //
  // A line leaves in one write of at most PIPE_BUF (4096) bytes, so that it is not torn, however
  // many processes write to the same pipe, or file with O_APPEND; a longer text is cut, and says
  // so. Control characters are written as \n, \x1b. What the descriptor does not take is dropped; a
  // reader that is gone does not end the program.
  static Sink to_fd(int fd);
  static Sink to_stderr();

 private:
  struct State {
    const Sink sink;
    const std::string process;
    std::atomic<LogLevel> level;

    State(Sink its_sink, std::string its_process, LogLevel its_level)
        : sink(std::move(its_sink)), process(std::move(its_process)), level(its_level) {}
  };

  std::shared_ptr<State> state_;
  LogLevel level_without_ = LogLevel::info;
};

}  // namespace troupe
