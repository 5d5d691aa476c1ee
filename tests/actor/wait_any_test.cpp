// SPDX-License-Identifier: Apache-2.0
// wait_any with what actors have: futures, inboxes, streams.
#include "troupe/runtime/channel/wait_any.hpp"

#include "troupe/runtime/actor/topic.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using Indices = std::vector<std::size_t>;

struct Note {
  int number = 0;
};
struct Other {};
using NoteApi = Protocol<void(Note), void(Other)>;

class ActorWaitAnyTest : public testing::Test {
 protected:
  Indices ready(std::vector<Waitable> things) {
    return wait_any(runtime_, things, 0s).value_or(Indices{});
  }

  Runtime runtime_{RuntimeOptions{.workers = 1}};
  Topic<int> topic_{runtime_};
  Promise<int> promise_;
  Future<int> future_ = promise_.future();
  Stream<int> stream_ = topic_.subscribe();
  Inbox<NoteApi> inbox_{runtime_};
};

TEST_F(ActorWaitAnyTest, FuturesStreamsAndInboxesAreReadyWhenTheyHaveSomething) {
  EXPECT_EQ(ready({future_, stream_, inbox_}), Indices{});
  promise_.set(1);
  EXPECT_EQ(ready({future_, stream_, inbox_}), Indices{0});
  ASSERT_TRUE(topic_.publish(1));
  EXPECT_EQ(ready({future_, stream_, inbox_}), (Indices{0, 1}));
  inbox_.ref().send(Note{1});
  EXPECT_EQ(ready({future_, stream_, inbox_}), (Indices{0, 1, 2}));
  EXPECT_TRUE(stream_.next());
  EXPECT_EQ(inbox_.dispatch([](Note) {}), 1U);
  EXPECT_EQ(ready({future_, stream_, inbox_}), Indices{0});
}

TEST_F(ActorWaitAnyTest, AnInboxThatWasReceivedFromIsReadyForTheNextMessage) {
  inbox_.ref().send(Note{1});
  EXPECT_TRUE(inbox_.receive([](Note) {}));
  EXPECT_EQ(ready({inbox_}), Indices{});
  inbox_.ref().send(Note{2});
  EXPECT_EQ(ready({inbox_}), Indices{0});
  EXPECT_TRUE(inbox_.receive([](Note) {}));
  EXPECT_EQ(ready({inbox_}), Indices{});
}

TEST_F(ActorWaitAnyTest, AnInboxIsReadyWhileMessagesThatNobodyLookedAtWait) {
  inbox_.ref().send(Note{1});
  inbox_.ref().send(Note{2});
  EXPECT_TRUE(inbox_.receive([](Note) {}));
  EXPECT_EQ(ready({inbox_}), Indices{0});
}

TEST_F(ActorWaitAnyTest, WakesForEachOfThem) {
  struct Go {};
  struct Sending {
    Ref<NoteApi> inbox;
    Topic<int> topic;
    Promise<int> promise;
    int turn = 0;
    void handle(Go) {
      switch (turn++) {
        case 0:
          inbox.send(Note{1});
          break;
        case 1:
          (void)topic.publish(1);
          break;
        default:
          promise.set(1);
      }
    }
  };
  const auto sender = runtime_.spawn<Sending>(Sending{inbox_.ref(), topic_, promise_});
  sender.send(Go{});
  EXPECT_EQ(wait_any(runtime_, {future_, stream_, inbox_}).value(), Indices{2});
  EXPECT_EQ(inbox_.dispatch([](Note) {}), 1U);
  sender.send(Go{});
  EXPECT_EQ(wait_any(runtime_, {future_, stream_, inbox_}).value(), Indices{1});
  EXPECT_TRUE(stream_.next());
  sender.send(Go{});
  EXPECT_EQ(wait_any(runtime_, {future_, stream_, inbox_}).value(), Indices{0});
  EXPECT_EQ(future_.get().value(), 1);
}

TEST_F(ActorWaitAnyTest, AFunctionActorWaitsForItsInboxAndForAStream) {
  const auto actor = runtime_.spawn_function<NoteApi>(
      [](Inbox<NoteApi>& inbox, Stream<int> stream, Promise<int> done) {
        int sum = 0;
        for (int notes = 0, items = 0; notes < 10 || items < 10;) {
          const auto ready = wait_any({inbox, stream});
          if (!ready) {
            done.fail(ready.error());
            return;
          }
          notes += static_cast<int>(inbox.dispatch([&](Note note) { sum += note.number; }));
          while (auto item = stream.try_next()) {
            sum += item->value();
            ++items;
          }
        }
        done.set(sum);
      },
      std::move(stream_), promise_);
  for (int i = 0; i < 10; ++i) {
    actor.send(Note{1});
    ASSERT_TRUE(topic_.publish(100));
  }
  EXPECT_EQ(future_.get().value(), 10 + 1000);
}

}  // namespace
}  // namespace troupe
