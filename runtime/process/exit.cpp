// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/exit.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGRTMIN is POSIX
#include <string.h>  // NOLINT(modernize-deprecated-headers): sigabbrev_np is not in <cstring>

namespace troupe {
namespace {

std::string verb_of(const Exit& exit) {
  switch (exit.kind) {
    case Exit::Kind::normal:
      return "ended normally";
    case Exit::Kind::failed:
      return "failed";
    case Exit::Kind::exited:
      return "exited with code " + std::to_string(exit.code);
    case Exit::Kind::killed:
      return "was killed by " + signal_name(exit.signal);
    case Exit::Kind::unreachable:
      return "cannot be reached";
    case Exit::Kind::restarted:
      return "was restarted";
  }
  return "ended";
}

}  // namespace

int Exit::python_code() const noexcept {
  return kind == Kind::killed ? -signal : code;
}

std::string Exit::text() const {
  std::string text = who.empty() ? verb_of(*this) : who + " " + verb_of(*this);
  if (!what.empty()) {
    text += ": " + what;
  }
  return text;
}

std::string signal_name(int number) {
  if (const char* name = ::sigabbrev_np(number); name != nullptr) {
    return std::string{"SIG"} + name;
  }
  if (number >= SIGRTMIN && number <= SIGRTMAX) {
    return "SIGRTMIN+" + std::to_string(number - SIGRTMIN);
  }
  return "signal " + std::to_string(number);
}

}  // namespace troupe
