// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ledger: an actor of another process that is sent numbered messages, and says on its standard
// output when one is not the next of its way, or was meant for another life than its own.

#include "troupe/runtime/actor/protocol.hpp"

#include <cstdint>
#include <iostream>
#include <map>
#include <string>

namespace ledger {

// The `number`th by way `way`, from 1.
struct Note {
  std::uint64_t life = 0;
  std::uint64_t way = 0;
  std::uint64_t number = 0;
  std::string text;
};
struct Counted {
  Note note;
};
struct Who {};

class Ledger final {
 public:
  using Accepts = troupe::Protocol<void(Note), std::uint64_t(Counted), std::uint64_t(Who)>;

  explicit Ledger(std::uint64_t life) : life_(life) {}

  void handle(const Note& note) {
    std::uint64_t& last = last_[note.way];
    if (note.life != life_) {
      std::cout << "wrong: a message was meant for another life" << std::endl;
    } else if (note.number != last + 1) {
      std::cout << "wrong: message " << note.number << " came after " << last << std::endl;
    }
    last = note.number;
  }
  std::uint64_t handle(const Counted& counted) {
    handle(counted.note);
    return counted.note.number;
  }
  std::uint64_t handle(Who /*who*/) const { return life_; }

 private:
  const std::uint64_t life_;
  std::map<std::uint64_t, std::uint64_t> last_;
};

}  // namespace ledger
