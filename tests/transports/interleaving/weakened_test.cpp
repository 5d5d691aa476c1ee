// SPDX-License-Identifier: Apache-2.0
// The tests' own test: each step of the two protocols, made weaker than it is, lets the exploration
// find a schedule in which something goes wrong. A weaker order would go unnoticed on most
// processors, and for years.
#include "transports/interleaving/bounds.hpp"
#include "transports/interleaving/ring_sides.hpp"

#include <gtest/gtest.h>

namespace troupe::interleaving {
namespace {

using Kind = Access::Kind;

// ---- what is weakened --------------------------------------------------------------------------

constexpr auto kRelaxed = std::memory_order_relaxed;

bool is_at(const std::string& place, const std::string& location) {
  return place == "header" ? location.front() == '[' : place == location;
}

Explorer::Weaken relaxed(Kind kind, std::string place) {
  return [kind, place = std::move(place)](Access made, const std::string& location) {
    if (made.kind == kind && is_at(place, location)) made.order = kRelaxed;
    return made;
  };
}

// An exchange becomes a store. (What is loaded says only whether there was a promise.)
Explorer::Weaken plain_store(std::string place) {
  return [place = std::move(place)](Access made, const std::string& location) {
    if (made.kind == Kind::exchange && is_at(place, location)) {
      made.torn = true;
      made.order = std::memory_order_release;
    }
    return made;
  };
}

Explorer::Weaken plain_load(std::string place) {
  return [place = std::move(place)](Access made, const std::string& location) {
    if (made.kind == Kind::add && is_at(place, location)) {
      made.kind = Kind::load;
      made.order = std::memory_order_acquire;
    }
    return made;
  };
}

// ---- where -------------------------------------------------------------------------------------

Scenario ring() {
  Scenario scenario;
  scenario.start = 64 + 40;
  scenario.sizes = {8, 8, 0, 8};
  return scenario;
}
Scenario ring(Explorer::Weaken weaken) {
  Scenario scenario = ring();
  scenario.weaken = std::move(weaken);
  return scenario;
}
Scenario ring(ModelArea::Zero zero) {
  Scenario scenario = ring();
  scenario.zero = zero;
  return scenario;
}
Scenario ring(Slip slip) {
  Scenario scenario = ring();
  scenario.slip = slip;
  return scenario;
}
Scenario full(Scenario scenario) {
  scenario.sizes = {8, 8, 8, 8, 8};
  return scenario;
}
// The writer waits for the only record that is in the ring.
Scenario full_of_one(Scenario scenario) {
  scenario.start = 0;
  scenario.sizes = {40, 8};
  return scenario;
}
Scenario trusting(Scenario scenario) {
  scenario.reader_promises = Promises::always;
  scenario.both_trust = true;
  return scenario;
}
Scenario trusting_the_writer(Scenario scenario) {
  scenario.writer_promises = Promises::always;
  scenario.both_trust = true;
  return full(std::move(scenario));
}

struct Weakened {
  std::string name;
  Scenario scenario;
  std::string failure;
};
std::ostream& operator<<(std::ostream& out, const Weakened& weakened) {
  return out << weakened.name;
}

constexpr auto kRace = "data race";
constexpr auto kLost = "wake-up was lost";

std::vector<Weakened> all() {
  using Zero = ModelArea::Zero;
  return {
      {"HeaderStoreRelaxed", ring(relaxed(Kind::store, "header")), kRace},
      {"HeaderLoadRelaxed", ring(relaxed(Kind::load, "header")), kRace},
      {"GiveBackRelaxed", full(ring(relaxed(Kind::store, "read"))), kRace},
      {"FetchRoomRelaxed", full(ring(relaxed(Kind::load, "read"))), kRace},
      {"ZeroLeftOut", ring(Zero::left_out), "not the record that is next"},
      {"ZeroAfterCommit", ring(Zero::after_commit), "not the record that is next"},

      {"ReaderLooksOnce", ring(Slip::reader_looks_once), kLost},
      {"ReaderLooksOnceAfterAPromise", trusting(ring(Slip::reader_looks_once)), kLost},
      {"ReaderLiesDownByAStore", ring(plain_store("reader's word")), kLost},
      {"ReaderLiesDownRelaxed", ring(relaxed(Kind::exchange, "reader's word")), kLost},
      {"WriterLooksForSleeperByALoad", ring(plain_load("reader's word")), kLost},
      {"WriterLooksForSleeperRelaxed", ring(relaxed(Kind::add, "reader's word")), kLost},
      {"WriterLooksForSleeperFirst", ring(Slip::writer_looks_for_sleeper_first), kLost},
      {"ReadersPromiseNotKept", trusting(ring(Slip::nothing_made_visible)), kLost},

      {"WriterLooksOnce", full(ring(Slip::writer_looks_once)), kLost},
      {"WriterLiesDownByAStore", full(ring(plain_store("writer's word"))), kLost},
      {"WriterLiesDownRelaxed", full(ring(relaxed(Kind::exchange, "writer's word"))), kLost},
      {"ReaderLooksForSleeperByALoad", full(ring(plain_load("writer's word"))), kLost},
      {"ReaderLooksForSleeperRelaxed", full(ring(relaxed(Kind::add, "writer's word"))), kLost},
      {"ReaderLooksForSleeperFirst", full_of_one(ring(Slip::reader_looks_for_sleeper_first)),
       kLost},
      {"WritersPromiseNotKept", trusting_the_writer(ring(Slip::nothing_made_visible)), kLost},
  };
}

class WeakenedTest : public testing::TestWithParam<Weakened> {};

TEST_P(WeakenedTest, IsFound) {
  const Explored explored = explore(GetParam().scenario);
  say(explored);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, GetParam().failure, explored.failure);
}

INSTANTIATE_TEST_SUITE_P(Each, WeakenedTest, testing::ValuesIn(all()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace troupe::interleaving
