// SPDX-License-Identifier: Apache-2.0
// Kill -9 at every step of the transport over shared memory: at each kill point that the sources
// have, on each side that passes it, at several of the times that it is passed. The survivor gets
// what was committed, once and in order, then one end; nothing is left; the name is free at once.
// What is passed is found by running the same traffic without a kill. TROUPE_TEST_KILLS: so many
// more, anywhere, in each test (20).
#include "harness/child.hpp"
#include "harness/raw_fd.hpp"
#include "harness/repetition.hpp"
#include "harness/temporary_directory.hpp"
#include "transports/frames.hpp"
#include "transports/kill_matrix/side.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <set>

namespace troupe::harness {
namespace {

// Who is killed, in which traffic.
struct Victim {
  bool sends = false;
  bool listens = false;
  bool lends = false;

  std::string name() const {
    return std::string{sends ? "Sender" : "Receiver"} + (listens ? "Listener" : "Client") +
           (lends ? "Loans" : "Pieces");
  }
};

std::vector<Victim> all_victims() {
  std::vector<Victim> all;
  for (const bool sends : {true, false}) {
    for (const bool listens : {true, false}) {
      for (const bool lends : {true, false}) {
        all.push_back({sends, listens, lends});
      }
    }
  }
  return all;
}

// What the victim passes when nobody kills it, and in how many records each message leaves.
struct Course {
  std::vector<std::size_t> steps;
  std::vector<std::uint32_t> records;

  std::uint32_t times(std::size_t step) const {
    return static_cast<std::uint32_t>(std::ranges::count(steps, step));
  }
  // How often it has been passed before the place.
  std::uint32_t times_before(std::size_t step, std::ptrdiff_t place) const {
    return static_cast<std::uint32_t>(std::count(steps.begin(), steps.begin() + place, step));
  }
};

// How often they are passed depends on who is faster.
bool is_passed_by_chance(const std::string& step) {
  static const std::set<std::string> names{"receive.heard",  "receive.lain_down", "receive.ring",
                                           "receive.woken",  "return.collected",  "return.ring",
                                           "send.lain_down", "send.no_room",      "send.ring"};
  return names.contains(step);
}

class ShmKillMatrixTest : public testing::TestWithParam<Victim> {
 protected:
  void SetUp() override {
    for (const bool lends : {true, false}) {
      const auto plan = make_plan(lends);
      for (std::size_t number = 0; number < plan.size(); ++number) {
        body_of(number, plan[number].size);
      }
    }
    (void)step_names();
  }

  // The traffic without a kill.
  Course survey(const Victim& victim) {
    const SharedLogs logs;
    Child child{[&] { run_victim(victim, logs); }};
    auto survivor = survivor_of(victim, logs);
    survivor->run();
    EXPECT_EQ(end_of(child), 0);
    Course course;
    const StepLog& log = logs[0];
    EXPECT_LT(log.traced, log.trace.size()) << "the log is too short";
    std::copy_n(log.trace.begin(), std::min<std::size_t>(log.traced, log.trace.size()),
                std::back_inserter(course.steps));
    std::ranges::copy(log.committed, std::back_inserter(course.records));
    return course;
  }

  // Kills the victim at that step; false: it did not come so far.
  bool kill_at(const Victim& victim, const Course& course, std::size_t step, std::uint32_t time) {
    SCOPED_TRACE(victim.name() + " dies at " + step_names()[step] + ", time " +
                 std::to_string(time));
    const std::size_t fds_before = open_fds();
    const std::size_t mappings_before = mapped_memfds();
    const SharedLogs logs;
    Child child{[&] {
      die_at(step, time);
      run_victim(victim, logs);
    }};
    auto survivor = survivor_of(victim, logs);
    survivor->run();
    const int status = end_of(child);
    EXPECT_TRUE(status == -SIGKILL || status == 0) << status;
    if (survivor->has_met() && !survivor->has_closed()) {
      expect_the_end(*survivor, logs[0], course);
    }
    expect_a_new_connection(survivor->take_listener());
    survivor->drop_views();  // they outlive their connection
    survivor.reset();
    EXPECT_EQ(open_fds(), fds_before);
    EXPECT_EQ(mapped_memfds(), mappings_before);
    EXPECT_TRUE(std::filesystem::is_empty(files_)) << "a listener's file is left";
    return status == -SIGKILL;
  }

 private:
  // Who waits for a survivor that has given up would wait for ever.
  static int end_of(Child& child) {
    if (HasFailure()) {
      child.signal(SIGKILL);
    }
    return child.join();
  }

  static void run_victim(const Victim& victim, const SharedLogs& logs) {
    Side side{{victim.sends, victim.listens, victim.lends}, logs[0], logs[1]};
    side.run();
    logs[0].gone = true;
  }
  static std::unique_ptr<Side> survivor_of(const Victim& victim, const SharedLogs& logs) {
    const Side::Setup setup{!victim.sends, !victim.listens, victim.lends};
    return std::make_unique<Side>(setup, logs[1], logs[0]);
  }

  // What the victim has committed, all of it and nothing else, and then the end.
  static void expect_the_end(Side& survivor, const StepLog& dead, const Course& course) {
    const auto received = survivor.receive_to_the_end();
    bool inside = false;
    for (std::size_t number = 0; number < received.size(); ++number) {
      const std::uint32_t records = dead.committed.at(number);
      EXPECT_EQ(received[number], records > 0 && records == course.records[number]) << number;
      inside = inside || (records > 0 && records < course.records[number]);
    }
    EXPECT_EQ(survivor.end(), inside ? Code::malformed : Code::closed);
    EXPECT_EQ(survivor.send_to_the_end(), Code::disconnected);
    survivor.close();
  }

  // By the survivor's listener, or by a new one where that is dead.
  void expect_a_new_connection(std::unique_ptr<transports::FrameListener> listener) {
    EXPECT_LE(std::distance(std::filesystem::directory_iterator{files_}, {}), 1);
    transports::ShmTransport transport;
    if (listener == nullptr) {
      listener = transport.listen(Side::address(true), {}).value();
    }
    const auto dial = transport.dial(Side::address(true), {}).value();
    std::unique_ptr<transports::FrameConnection> client;
    std::unique_ptr<transports::FrameConnection> end;
    while (client == nullptr) {
      client = dial->step().value();
      if (auto met = listener->try_accept().value(); met != nullptr) {
        end = std::move(met);  // the last one is ours: who was killed came before
      }
    }
    for (const std::string_view text : {"one", "two"}) {
      harness::send(*client, text);
      EXPECT_EQ(receive_text(*end), text);
      harness::send(*end, text);
      EXPECT_EQ(receive_text(*client), text);
    }
  }

  const TemporaryDirectory directory_;
  const EnvironmentScope private_directory_{"XDG_RUNTIME_DIR", directory_.path()};
  const std::string files_ = directory_.path() + "/troupe";
};

TEST_P(ShmKillMatrixTest, ASurvivorGetsWhatWasCommittedThenTheEndAndNothingIsLeft) {
  const Victim victim = GetParam();
  const Course course = survey(victim);
  const auto wraps = [&] {
    std::vector<std::ptrdiff_t> places;
    for (auto at = course.steps.begin(); at != course.steps.end(); ++at) {
      if (*at == step_of("ring.wrap")) {
        places.push_back(at - course.steps.begin());
      }
    }
    return places;
  }();
  int killed = 0;
  for (std::size_t step = 0; step < step_names().size(); ++step) {
    const std::uint32_t all = course.times(step);
    std::set<std::uint32_t> times{1, 2, (all + 1) / 2, all};
    if (!wraps.empty()) {  // the last before it, and the first behind it
      const std::ptrdiff_t wrap = wraps[wraps.size() / 2];
      times.insert({course.times_before(step, wrap), course.times_before(step, wrap) + 1});
    }
    for (const std::uint32_t time : times) {
      if (time == 0 || time > all) {
        continue;
      }
      const bool dead = kill_at(victim, course, step, time);
      EXPECT_TRUE(dead || is_passed_by_chance(step_names()[step]))
          << step_names()[step] << " is not passed " << time << " times";
      killed += dead ? 1 : 0;
      ASSERT_FALSE(HasFailure());
    }
  }
  auto random = chance();
  for (int kill = 0; kill < kills(); ++kill) {
    const std::size_t step = course.steps[random() % course.steps.size()];
    const auto time = static_cast<std::uint32_t>(random() % course.times(step) + 1);
    killed += kill_at(victim, course, step, time) ? 1 : 0;
    ASSERT_FALSE(HasFailure());
  }
  std::fprintf(stderr, "%s: %d killed\n", victim.name().c_str(), killed);
}

INSTANTIATE_TEST_SUITE_P(Shm, ShmKillMatrixTest, testing::ValuesIn(all_victims()),
                         [](const auto& test) { return test.param.name(); });

class ShmKillPointsTest : public ShmKillMatrixTest {};

// Else nobody would be killed there.
TEST_P(ShmKillPointsTest, EachThatTheSourcesHaveIsPassed) {
  std::set<std::string> passed;
  for (const Victim& victim : all_victims()) {
    for (const std::size_t step : survey(victim).steps) {
      passed.insert(step_names()[step]);
    }
  }
  const std::set<std::string> all{step_names().begin(), step_names().end()};
  EXPECT_EQ(passed, all);
}

INSTANTIATE_TEST_SUITE_P(Shm, ShmKillPointsTest, testing::Values(Victim{}),
                         [](const auto&) { return std::string{"All"}; });

// The peer commits and dies when the survivor has looked at the ring and not yet at the socket.
TEST(ShmKillPointTest, WhatCameBetweenTheLastLookAndTheEndIsReceived) {
  transports::ShmTransport transport;
  auto ends = transport.pair("shm:", transports::Direction::duplex, {}).value();
  EXPECT_FALSE(ends.first->arm_receive());
  meanwhile("receive.woken", [&] {
    send(*ends.second, "last");
    ends.second.reset();
  });
  transports::IncomingFrame frame;

  const auto received = ends.first->try_receive(frame);

  ASSERT_TRUE(received) << received.error().what();
  EXPECT_EQ(*received, transports::Progress::done);
  EXPECT_EQ(text_of(frame.body), "last");
  EXPECT_EQ(receive_error(*ends.first), Code::closed);
}

// One waits for room, and is rung, just when another sender of the same connection looks for room.
TEST(ShmKillPointTest, WhoWaitsForRoomIsWokenThoughAnotherSenderTookItsBell) {
  using transports::Lane;
  transports::ShmTransport transport;
  auto ends = transport.pair("shm:", transports::Direction::duplex, {}).value();
  Outgoing waiting{pattern(std::size_t{16} << 10U)};
  Outgoing urgent{"urgent"};
  for (auto [message, lane] :
       {std::pair{&waiting, Lane::data}, std::pair{&urgent, Lane::control}}) {
    while (ends.first->try_send(message->frame, lane, transports::When::now).value() ==
           transports::Progress::done) {
      message->frame.taken = 0;
    }
  }
  meanwhile("send.no_room", [&] {
    while (!is_silent(*ends.second)) {
    }
  });

  ASSERT_EQ(ends.first->try_send(urgent.frame, Lane::control, transports::When::now).value(),
            transports::Progress::done);

  await_writable(*ends.first);
}

}  // namespace
}  // namespace troupe::harness
