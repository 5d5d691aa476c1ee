// SPDX-License-Identifier: Apache-2.0
// How much memory does a connection through shared memory hold?
//
// Method. One process makes so many duplex connections and keeps both ends of each, so that the
// figure is what the two sides hold together. It is what the process holds more than before, by
// connection: its own memory as the kernel counts it (Pss_Anon of /proc/self/smaps_rollup), and of
// the shared the larger of what it has mapped and touched (Pss_Shmem) and what its descriptors hold
// (the blocks of each memfd). What the kernel itself needs for descriptors is not in it. One
// connection that is used goes before, uncounted: what the runtime holds once is not in it either.
#include "questions.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/runtime.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <vector>

namespace bench {
namespace {

using troupe::ConnectedEnds;

constexpr int kConnections = 64;

// Bytes that this process holds.
struct Held {
  double own = 0;
  double mapped = 0;
  double in_descriptors = 0;

  double more_than(const Held& before) const {
    return own - before.own +
           std::max(mapped - before.mapped, in_descriptors - before.in_descriptors);
  }
};

double in_memory_files() {
  constexpr double kBlock = 512;
  double bytes = 0;
  std::set<ino_t> seen;  // a file may have several descriptors
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    std::error_code gone;  // the iterator's own
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    struct stat file {};
    if (target.starts_with("/memfd:") && ::stat(entry.path().c_str(), &file) == 0 &&
        seen.insert(file.st_ino).second) {
      bytes += static_cast<double>(file.st_blocks) * kBlock;
    }
  }
  return bytes;
}

Held held_now() {
  constexpr double kKibibyte = 1024;
  Held held{.in_descriptors = in_memory_files()};
  std::ifstream file{"/proc/self/smaps_rollup"};
  for (std::string word; file >> word;) {
    double kibibytes = 0;
    if (word == "Pss_Anon:" && file >> kibibytes) {
      held.own = kibibytes * kKibibyte;
    } else if (word == "Pss_Shmem:" && file >> kibibytes) {
      held.mapped = kibibytes * kKibibyte;
    }
  }
  if (held.own == 0) throw std::runtime_error{"/proc/self/smaps_rollup tells nothing"};
  return held;
}

ConnectedEnds connected(troupe::Runtime& runtime) {
  return troupe::connect_ends(runtime, "shm:", troupe::transports::Direction::duplex, false)
      .value();
}

void pass_one_message(ConnectedEnds& ends) {
  std::array<std::byte, kRoundTripBytes> message{};
  ends.first.send_bytes(message).value();
  ends.second.receive_into(message).value();
}

double bytes_a_connection(bool used) {
  troupe::Runtime runtime{troupe::RuntimeOptions{}};
  ConnectedEnds first = connected(runtime);
  pass_one_message(first);
  std::vector<ConnectedEnds> connections;
  connections.reserve(kConnections);
  const Held before = held_now();
  for (int i = 0; i < kConnections; ++i) {
    connections.push_back(connected(runtime));
    if (used) pass_one_message(connections.back());
  }
  return held_now().more_than(before) / kConnections;
}

Work work(const std::string& variant, bool used) {
  return {.name = "memory/shm/" + variant,
          .unit = "bytes",
          .better = Better::lower,
          .sides = {{Role::ours, "ours",
                     [=](const Effort& /*effort*/) { return bytes_a_connection(used); }}},
          .budget = std::nullopt};
}

}  // namespace

Question connection_memory() {
  return {
      .title = "Memory a connection through shared memory holds, both ends",
      .method = "of 64 connections: idle, or after a message of 64 bytes through each",
      .works = {work("idle", false), work("used", true)},
  };
}

}  // namespace bench
