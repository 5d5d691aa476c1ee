// SPDX-License-Identifier: Apache-2.0
#include "tools/keygen.hpp"

#include "tools/arguments.hpp"
#include "tools/screen.hpp"
#include "tools/status.hpp"
#include "troupe/transports/zmq/curve_keys.hpp"

#include <iostream>
#include <string>

namespace troupe::tools {

std::string_view keygen_usage() {
  return R"(troupe keygen NAME: a key for zmq+tcp: and zmq+ipc:, which encrypts and says who is who

Makes NAME.key, which anybody may read, and NAME.key_secret, which stays where it is (mode 600), and prints the
public key: a line for the file of the clients that a listener serves (--curve-clients, CurveOptions::clients).
A file that is there already is left alone. pyzmq reads both files: zmq.auth.load_certificate.
)";
}

int keygen(std::span<const char* const> arguments) {
  if (arguments.size() == 1 && (std::string_view{arguments[0]} == "--help")) {
    std::cout << keygen_usage();
    return kDone;
  }
  if (arguments.size() != 1 || std::string_view{arguments[0]}.starts_with("-")) {
    return wrong_command_line("keygen", wrong("which NAME? as in troupe keygen server"));
  }
  const std::string name = arguments[0];
  const auto keys = transports::CurveKeys::make();
  if (!keys) return failed("keygen", keys.error());
  if (auto made = keys->write(name); !made) return failed("keygen", made.error());
  std::cout << keys->public_key << ' ' << name << '\n';
  if (!transports::curve_is_fast()) {
    say("keygen", transports::kSlowCurve);
  }
  return written("keygen");
}

}  // namespace troupe::tools
