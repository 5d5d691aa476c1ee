// SPDX-License-Identifier: Apache-2.0
#pragma once

// Place: one kind of address to listen at; what FrameListenerTest is instantiated with.

#include "troupe/transports/transport.hpp"

#include <functional>
#include <memory>
#include <ostream>
#include <string>

namespace troupe::harness {

struct Place {
  std::string name;  // letters only
  std::function<std::unique_ptr<transports::Transport>()> transport;
  // %d stands for a folder of the test's own, %n for a number that is new each time.
  std::string address;
  // Where a dial that finds nobody goes on waiting, either side may come first.
  bool dial_waits = false;
  // A dial is done only once the listener has accepted it.
  bool needs_accept = false;
  // The name is a file, which a killed listener leaves behind.
  bool is_file = false;
  // The listener chooses; the address does not say it twice.
  bool is_chosen = false;
  // Other processes can reach it.
  bool crosses_processes = true;
};

inline std::ostream& operator<<(std::ostream& out, const Place& place) {
  return out << place.name;
}

}  // namespace troupe::harness
