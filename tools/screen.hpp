// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is written to, and how wide that is; and a whole terminal, taken for a while.

#include "troupe/base/clock.hpp"

#include <termios.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::tools {

// Of standard output; without end where that is no terminal.
std::size_t output_width();
// Whether standard output and standard input are a terminal.
bool is_at_terminal();
// Ends a command whose output went to std::cout: whether it got there.
int written(std::string_view command);

// The terminal: shows the alternate screen, hides the cursor, gives keys as they are pressed. The
// end of the object, and each signal that ends or stops the program, leaves it as it was. One at a
// time.
class Screen final {
 public:
  enum class Event : std::uint8_t { key, time, ended };

  Screen();  // throws Error
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen();

  std::size_t width() const;
  std::size_t height() const;
  // Shows the lines; those that do not fit are left out.
  void show(const std::vector<std::string>& lines) const;
  // Waits for a key (then `key` is it), for the time, or for what ends the program (a signal, or
  // the terminal has gone). A new size of the terminal counts as the time. Ctrl-Z is obeyed here.
  Event wait(Duration time, char& key);

 private:
  void enter() const;
  void leave() const noexcept;
  void suspend();

  termios before_{};
  sigset_t waiting_mask_{};
  sigset_t mask_before_{};
};

}  // namespace troupe::tools
