// SPDX-License-Identifier: Apache-2.0
#pragma once

// Exchange: a program's input, outputs and end, all waited for at once, so that neither side can
// block the other. What it has moved stays moved when a call ends early. Owner thread only.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/fiber/ports.hpp"
#include "troupe/runtime/process/internal/child.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe {
class RuntimeCore;
}

namespace troupe::process {

class Exchange final {
 public:
  enum class Outcome : std::uint8_t {
    ended,      // the program, and its outputs
    held_open,  // the program; others have its outputs
    timed_out,
    too_much,  // an output has more than `limit`
  };

  struct Output {
    UniqueFd fd;  // does not block; empty once it has ended
    std::string text;
  };

  UniqueFd in{};  // does not block
  std::string input{};
  Output out{};
  Output err{};
  std::size_t limit = 0;

  // Goes on until the program has ended, and its outputs have, or `linger` has passed since. A
  // program that does not read its input loses it. Errors: cancelled, system.
  Result<Outcome> run(RuntimeCore& runtime, Child& child, Deadline until, Duration linger);

  // After too_much: what the program writes from now on breaks its pipes.
  void give_up_outputs();

 private:
  static constexpr std::size_t kPiece = 64U << 10U;

  Result<void> write_some();
  Result<void> read_some(Output& output);
  Result<void> move_some();
  std::vector<PollItem> awaited(const Child& child, bool ended) const;
  Result<void> wait_to_move(RuntimeCore& runtime, const Child& child, bool ended, Deadline until);

  std::size_t written_ = 0;
  bool too_much_ = false;
  bool moved_ = false;  // in this round
  std::unique_ptr<std::array<char, kPiece>> piece_;
};

}  // namespace troupe::process
