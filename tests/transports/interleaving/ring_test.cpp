// SPDX-License-Identifier: Apache-2.0
// The ring of records with its two doorbells: in every interleaving of the two sides, with every
// answer that a load may get, each record arrives once, in order and with its content, and nobody
// sleeps for ever. The area is so small that records wrap, and the writer waits for room.
#include "transports/interleaving/bounds.hpp"
#include "transports/interleaving/ring_sides.hpp"

#include <gtest/gtest.h>

namespace troupe::interleaving {
namespace {

using Sizes = std::vector<std::size_t>;

// Of 64 bytes, where a record takes 8 or 16; its tail is 8 bytes, so that a filler comes soon.
Scenario small_ring(Sizes sizes = {8, 8, 0, 8}) {
  Scenario scenario;
  scenario.capacity = 64;
  scenario.start = 64 + 40;
  scenario.sizes = std::move(sizes);
  scenario.sizes.insert(scenario.sizes.end(), more(), 8);
  return scenario;
}

// Of 128 bytes, where the largest records take 32.
Scenario larger_ring(Sizes sizes = {16, 0, 8, 16, 24}) {
  Scenario scenario = small_ring(std::move(sizes));
  scenario.capacity = 128;
  scenario.start = 128 + 112;
  return scenario;
}

Scenario trusting(Scenario scenario, Promises reader, Promises writer) {
  scenario.reader_promises = reader;
  scenario.writer_promises = writer;
  scenario.both_trust = true;
  return scenario;
}

Explored expect_no_failure(const Scenario& scenario) {
  Explored explored = explore(scenario);
  say(explored);
  EXPECT_EQ(explored.failure, "");
  EXPECT_GT(explored.sleeps[kReader], 0U);
  return explored;
}

TEST(RingTest, EachRecordArrivesOnceInOrder) {
  expect_no_failure(small_ring());
  expect_no_failure(larger_ring());
}

TEST(RingTest, MemoryThatNobodyHasWrittenHoldsNoRecord) {
  Scenario scenario = small_ring({0, 8, 8});
  scenario.start = 0;
  expect_no_failure(scenario);
}

TEST(RingTest, AWriterWithoutRoomIsRungWhenThereIs) {
  Scenario scenario = small_ring({8, 8, 8, 8, 8});
  EXPECT_GT(expect_no_failure(scenario).sleeps[kWriter], 0U);
  scenario = larger_ring({16, 24, 24, 24, 8});
  EXPECT_GT(expect_no_failure(scenario).sleeps[kWriter], 0U);
}

TEST(RingTest, AWriterWhoWaitsForTheLastRecordIsRung) {
  Scenario scenario = small_ring({40, 8});  // larger than half of the ring
  scenario.start = 0;
  EXPECT_GT(expect_no_failure(scenario).sleeps[kWriter], 0U);
}

TEST(RingTest, OneLookForTheSleeperIsEnoughForManyRecords) {
  Scenario scenario = small_ring({8, 0, 8, 8, 8});
  scenario.batch = 3;
  EXPECT_GT(expect_no_failure(scenario).sleeps[kWriter], 0U);
  expect_no_failure(trusting(scenario, Promises::always, Promises::never));
}

TEST(RingTest, ATrustedPromiseLosesNoWakeUp) {
  expect_no_failure(trusting(small_ring(), Promises::always, Promises::never));
  expect_no_failure(trusting(small_ring({8, 8, 8}), Promises::maybe, Promises::never));
}

TEST(RingTest, APromiseThatIsNotTrustedLosesNoWakeUp) {
  Scenario scenario = small_ring({8, 8, 8});
  scenario.reader_promises = Promises::maybe;
  expect_no_failure(scenario);
}

TEST(RingTest, ATrustedPromiseOfTheWriterLosesNoWakeUp) {
  const Sizes sizes{8, 8, 8, 8, 8};
  for (const Promises reader : {Promises::never, Promises::always}) {
    const auto explored = expect_no_failure(trusting(small_ring(sizes), reader, Promises::always));
    EXPECT_GT(explored.sleeps[kWriter], 0U);
  }
}

TEST(RingTest, WhatAKilledWriterCommittedArrivesAndNothingElse) {
  Scenario scenario = small_ring();
  scenario.writer_may_be_killed = true;
  expect_no_failure(scenario);
  scenario = larger_ring();
  scenario.writer_may_be_killed = true;
  expect_no_failure(scenario);
}

TEST(RingTest, WhatAKilledWriterCommittedArrivesAtAReaderWhoPromised) {
  Scenario scenario = trusting(small_ring(), Promises::always, Promises::never);
  scenario.writer_may_be_killed = true;
  expect_no_failure(scenario);
}

TEST(RingTest, WhatAKilledWriterCommittedArrivesAfterItWaitedForRoom) {
  Scenario scenario = small_ring({8, 8, 8, 8, 8});
  scenario.writer_may_be_killed = true;
  EXPECT_GT(expect_no_failure(scenario).sleeps[kWriter], 0U);
}

}  // namespace
}  // namespace troupe::interleaving
