// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the two sides of a ring do with it and with the doorbells, as the connections do: the writer
// sends some records, the reader receives them, and who cannot go on sleeps until the other rings.

#include "transports/interleaving/explorer.hpp"
#include "transports/interleaving/model_area.hpp"
#include "troupe/transports/shm/record_ring.hpp"
#include "troupe/transports/shm/sleep_word.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::interleaving {

constexpr Thread kWriter = 0;
constexpr Thread kReader = 1;

enum class Promises : std::uint8_t { never, maybe, always };

// A step of the protocol that is left out, or made too early, for a test of the test.
enum class Slip : std::uint8_t {
  none,
  reader_looks_once,
  writer_looks_once,
  writer_looks_for_sleeper_first,
  reader_looks_for_sleeper_first,
  nothing_made_visible,
};

struct Scenario {
  std::size_t capacity = 64;
  std::uint64_t start = 0;         // the position where both begin; before it is what others left
  std::vector<std::size_t> sizes;  // of the records
  std::size_t batch = 1;           // so many records, then a look for the sleeper

  Promises reader_promises = Promises::never;
  Promises writer_promises = Promises::never;
  bool both_trust = false;  // a promise
  bool writer_may_be_killed = false;

  Slip slip = Slip::none;
  ModelArea::Zero zero = ModelArea::Zero::before_commit;
  Explorer::Weaken weaken;
};

Explored explore(const Scenario& scenario);

}  // namespace troupe::interleaving
