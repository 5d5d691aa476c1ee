// SPDX-License-Identifier: Apache-2.0
#include "tools/screen.hpp"

#include "tools/status.hpp"
#include "tools/text_table.hpp"
#include "troupe/base/error.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iostream>

namespace troupe::tools {
namespace {

// What a signal's handler may touch.
volatile std::sig_atomic_t ending = 0;
volatile std::sig_atomic_t suspending = 0;

extern "C" void on_signal(int number) {
  if (number == SIGTSTP) {
    suspending = 1;
  } else if (number != SIGWINCH) {
    ending = 1;
  }
}

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count > 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR && errno != EAGAIN) {
      return;
    }
  }
}

winsize size_of_terminal() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {};
  return size;
}

void set_handlers(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  for (const int number : kSignals) {
    ::sigaction(number, &action, nullptr);
  }
}

}  // namespace

std::size_t output_width() {
  const auto width = size_of_terminal().ws_col;
  return ::isatty(STDOUT_FILENO) == 1 && width > 0 ? width : kAnyWidth;
}

bool is_at_terminal() {
  return ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDIN_FILENO) == 1;
}

int written(std::string_view command) {
  std::cout.flush();
  if (std::cout) return kDone;
  say(command, "write to standard output: " + errno_text(errno));
  return kFailed;
}

Screen::Screen() {
  if (::tcgetattr(STDIN_FILENO, &before_) != 0) {
    throw Error::system("take the terminal", errno);
  }
  // Signals come in wait() alone, so that none is missed between a look at them and a wait.
  sigset_t ours;
  ::sigemptyset(&ours);
  for (const int number : kSignals) {
    ::sigaddset(&ours, number);
  }
  ::pthread_sigmask(SIG_BLOCK, &ours, &mask_before_);
  waiting_mask_ = mask_before_;
  for (const int number : kSignals) {
    ::sigdelset(&waiting_mask_, number);
  }
  set_handlers(&on_signal);
  enter();
}

Screen::~Screen() {
  leave();
  set_handlers(SIG_DFL);
  ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

void Screen::enter() const {
  termios keys = before_;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  keys.c_cc[VMIN] = 1;
  keys.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &keys);
  write_all("\x1b[?1049h\x1b[?25l");
}

void Screen::leave() const noexcept {
  // In this order: who sees that it has left finds the terminal as it was.
  ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  write_all("\x1b[?25h\x1b[?1049l");
}

std::size_t Screen::width() const {
  constexpr std::size_t kUsual = 80;
  const auto width = size_of_terminal().ws_col;
  return width > 0 ? width : kUsual;
}

std::size_t Screen::height() const {
  constexpr std::size_t kUsual = 24;
  const auto height = size_of_terminal().ws_row;
  return height > 0 ? height : kUsual;
}

void Screen::show(const std::vector<std::string>& lines) const {
  const std::size_t most_width = width();
  const std::size_t count = std::min(lines.size(), height());
  std::string text = "\x1b[H";
  for (std::size_t i = 0; i < count; ++i) {
    text += cut(lines[i], most_width) + "\x1b[K" + (i + 1 < count ? "\r\n" : "");
  }
  write_all(text + "\x1b[J");  // one write: nothing flickers
}

void Screen::suspend() {
  leave();
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGTSTP, &action, nullptr);
  sigset_t stop;
  ::sigemptyset(&stop);
  ::sigaddset(&stop, SIGTSTP);
  ::raise(SIGTSTP);
  ::pthread_sigmask(SIG_UNBLOCK, &stop, nullptr);  // stands still here, until fg
  ::pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  set_handlers(&on_signal);
  enter();
}

Screen::Event Screen::wait(Duration time, char& key) {
  pollfd item{STDIN_FILENO, POLLIN, 0};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const timespec timeout{static_cast<time_t>(seconds.count()),
                         static_cast<long>((time - seconds).count())};
  const int ready = ::ppoll(&item, 1, &timeout, &waiting_mask_);
  if (ending != 0) return Event::ended;
  if (suspending != 0) {
    suspending = 0;
    suspend();
    return Event::time;
  }
  if (ready <= 0) return Event::time;
  return ::read(STDIN_FILENO, &key, 1) == 1 ? Event::key : Event::ended;
}

}  // namespace troupe::tools
