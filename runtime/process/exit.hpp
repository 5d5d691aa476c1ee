// SPDX-License-Identifier: Apache-2.0
#pragma once

// Exit: how a process ended (an actor, later), and who it was. A value, and a message.

#include <cstdint>
#include <string>

namespace troupe {

struct Exit {
  enum class Kind : std::uint8_t {
    normal,       // the body returned, or exit(0)
    failed,       // the body threw, or returned an error: `what` says which
    exited,       // exit(code), or a body that returned a code, other than 0
    killed,       // by `signal`
    unreachable,  // it may live, but the way to it is lost
    restarted,    // a successor has taken its place
  };

  Kind kind = Kind::normal;
  int code = 0;        // what waitpid would say: 0 to 255
  int signal = 0;      // of killed, else 0
  std::string what{};  // of failed and unreachable; also what was said before a kill
  std::string who{};   // "worker-2 (pid 4711)"

  bool ok() const noexcept { return kind == Kind::normal; }
  // As multiprocessing.Process.exitcode: the code, or minus the signal; 255 when it is not known.
  int python_code() const noexcept;
  // "worker-2 (pid 4711) was killed by SIGKILL"
  std::string text() const;

  friend bool operator==(const Exit&, const Exit&) = default;
};

// "SIGKILL"; "signal 99" for what has no name.
std::string signal_name(int number);

}  // namespace troupe
