// SPDX-License-Identifier: Apache-2.0
#pragma once

// Error: what went wrong, named by what the caller can do about it.
//
// A value: copied, compared, returned inside a Result, or thrown by Result::value(). Thread-safe as
// any value is. Design: docs/architecture.md#errors.

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace troupe {

// Each code is a different reaction of the caller. The numbers are part of the wire format.
enum class Code : std::uint8_t {
  overloaded = 1,        // full for now: wait, or send less
  closed = 2,            // ended in order: nothing more will come, nothing more is taken
  disconnected = 3,      // the link broke: connect again, what was under way may be lost
  timed_out = 4,         // the deadline passed first: it may still come true later
  malformed = 5,         // bytes that break the format: this message or connection is of no use
  refused = 6,           // authentication, permission, version, cycle: repeating does not help
  invalid_argument = 7,  // the call itself is wrong
  system = 8,            // the kernel said no: see os_errno()
  failed = 9,            // the other side ran, and threw or said no: do not repeat blindly
  lost = 10,             // the lease or the ownership is gone: stop the effect
  not_found = 11,        // there is nothing under that name
  exists = 12,           // the name is taken
  cancelled = 13,        // a stop cut the wait short
};

// The name of `code` as it is written in source, for messages.
std::string_view name_of(Code code) noexcept;

// Whether the work that failed may have had an effect all the same.
enum class Effect : std::uint8_t {
  none,     // nothing happened
  unknown,  // bytes had left: it may have happened
};

class Error final : public std::exception {
 public:
  // `what` says what was being done, to which address, and what to try.
  Error(Code code, std::string what, Effect effect = Effect::none);

  // A refusal by the application itself, with a number of its own choosing.
  static Error failed(std::string what, int application_code = 0);

  // A system call that failed: appends the meaning of `os_errno` to `doing`. Its code is system, or
  // overloaded where descriptors ran out.
  static Error system(std::string_view doing, int os_errno);

  Code code() const noexcept { return code_; }
  Effect effect() const noexcept { return effect_; }
  int os_errno() const noexcept { return os_errno_; }                  // 0 unless code() is system
  int application_code() const noexcept { return application_code_; }  // 0 unless code() is failed
  const char* what() const noexcept override { return what_->c_str(); }

  // The same error, told from further out: `where` + ": " + what().
  Error within(std::string_view where) const;

  friend bool operator==(const Error& error, Code code) noexcept { return error.code_ == code; }

 private:
  Code code_;
  Effect effect_ = Effect::none;
  int os_errno_ = 0;
  int application_code_ = 0;
  std::shared_ptr<const std::string> what_;  // shared, so that copying an Error cannot throw
};

// The meaning of an errno value, from any thread ("Permission denied").
std::string errno_text(int os_errno);

}  // namespace troupe
