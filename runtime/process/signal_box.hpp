// SPDX-License-Identifier: Apache-2.0
#pragma once

// SignalBox: one user's share of the signals of this process. While any box wants a number, a
// handler of ours is installed for it, which counts the signal in each of those boxes, rings their
// bells, and then calls the handler that was there before; where that was the default, the signal
// has no other effect. The last box that wants it puts back what was there. Nobody's signal mask is
// changed: a signal comes on a thread of the program that does not block it; those of the library
// block all.
//
// Dispositions are the process's and so is the table of boxes, whatever the number of runtimes. A
// copy that fork() makes has none of them: there a signal does what it did before.

#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/process/pending_signals.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

namespace troupe::process {

class SignalBox final {
 public:
  enum class Kind : std::uint8_t {
    any,
    termination,  // the second SIGINT ends the program, as without a handler
  };

  // Throws Error: invalid_argument (there is no such signal), refused (it cannot be had, and why),
  // system.
  explicit SignalBox(std::span<const int> numbers, Kind kind = Kind::any);
  SignalBox(const SignalBox&) = delete;
  SignalBox& operator=(const SignalBox&) = delete;
  ~SignalBox();

  // Gets no more signals from when this returns; what came can still be taken. Again: nothing
  // happens.
  void leave() noexcept;

  // ---- one reader ----
  std::optional<Signal> take() noexcept;
  // Readable while a signal waits; now and then once more when it was taken just as it came.
  int fd() const noexcept { return bell_.get(); }

  // Any thread: makes fd() readable.
  void ring() const noexcept;

  // ---- the handler's ----
  bool wants(int number) const noexcept { return (numbers_ & bit(number)) != 0; }
  void put(const Signal& signal) noexcept;
  // Whether the program is to end of this SIGINT. Counts them.
  bool ends_of_interrupt() noexcept {
    return kind_ == Kind::termination && interrupts_.fetch_add(1) > 0;
  }
  // Whether a SIGINT has come to it.
  bool interrupted() const noexcept { return interrupts_.load() > 0; }

 private:
  static std::uint64_t bit(int number) noexcept {
    return std::uint64_t{1} << (static_cast<unsigned>(number) & 63U);
  }

  const Kind kind_;
  std::uint64_t numbers_ = 0;
  std::uint32_t generation_ = 0;  // of forks
  bool in_ = false;
  std::atomic<int> interrupts_{0};
  PendingSignals pending_;
  UniqueFd bell_;
};

// What a signal does now where no box wants it.
enum class Disposition : std::uint8_t { standard, ignored, handled };
Disposition disposition_of(int number) noexcept;

// Has the signal do to this process, now, what it does by default; boxes do not get it. Blocks
// nobody else; a stop returns when the process is continued.
void take_default(int number) noexcept;

// How often the signal has come to boxes.
std::uint64_t signals_seen(int number) noexcept;

}  // namespace troupe::process
