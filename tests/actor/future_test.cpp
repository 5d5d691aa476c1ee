// SPDX-License-Identifier: Apache-2.0
// Futures and promises: what is waited for later, and brought later.
#include "actor/support.hpp"
#include "troupe/runtime/channel/wait_any.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

TEST(FutureTest, AFutureIsWaitedForAndTakenOnce) {
  Runtime runtime{workers(1)};
  const auto recorder = runtime.spawn<Recorder>();
  const Gate begun;
  const Gate end;
  EXPECT_TRUE(recorder.send(Hold{begun, end}));
  begun.pass();
  auto future = recorder.ask_async(Read{});
  EXPECT_FALSE(future.ready());
  EXPECT_EQ(future.wait(1ms).error(), Code::timed_out);
  EXPECT_EQ(future.get(1ms).error(), Code::timed_out) << "which leaves it as it is";
  end.open();
  EXPECT_TRUE(future.wait());
  EXPECT_TRUE(future.ready());
  EXPECT_TRUE(future.wait(Deadline::at_once()));
  EXPECT_EQ(future.get().value(), std::vector<int>{});
  EXPECT_EQ(future.get().error(), Code::closed) << "it is empty";
  EXPECT_FALSE(future.ready());
}

TEST(FutureTest, AnEmptyFutureIsClosed) {
  Future<int> empty;
  EXPECT_EQ(empty.wait().error(), Code::closed);
  EXPECT_EQ(empty.get().error(), Code::closed);
  EXPECT_THROW((void)empty.ready_fd(), Error);
  empty.cancel();
  std::optional<Result<int>> result;
  empty.then([&](Result<int> given) { result = std::move(given); });
  ASSERT_TRUE(result);
  EXPECT_EQ(result->error(), Code::closed);
}

TEST(FutureTest, ADroppedFutureKeepsItsHandlerFromBeginning) {
  Runtime runtime{workers(1)};
  const auto recorder = runtime.spawn<Recorder>();
  const Gate begun;
  const Gate end;
  EXPECT_TRUE(recorder.send(Hold{begun, end}));
  begun.pass();
  { const auto dropped_at_once = recorder.ask_async(1); }
  auto cancelled = recorder.ask_async(2);
  cancelled.cancel();
  auto replaced = recorder.ask_async(3);
  replaced = recorder.ask_async(4);
  auto kept = recorder.ask_async(5);
  end.open();
  EXPECT_TRUE(kept.get());
  EXPECT_EQ(recorder.ask(Read{}).value(), (std::vector{4, 5}));
  EXPECT_EQ(dropped(runtime, "expired"), 3);
}

TEST(FutureTest, SeveralFuturesAreWaitedForTogether) {
  Runtime runtime{workers(3)};
  const auto slow = runtime.spawn<Recorder>();
  const auto fast = runtime.spawn<Recorder>();
  const Gate begun;
  const Gate end;
  EXPECT_TRUE(slow.send(Hold{begun, end}));
  begun.pass();
  auto first = slow.ask_async(Read{});
  auto second = fast.ask_async(Read{});
  EXPECT_EQ(wait_any(runtime, {first, second}).value(), std::vector<std::size_t>{1});
  EXPECT_EQ(wait_any(runtime, {first}, 1ms).error(), Code::timed_out);
  EXPECT_TRUE(second.get());
  end.open();
  EXPECT_EQ(wait_any(runtime, {first}).value(), std::vector<std::size_t>{0});
  EXPECT_TRUE(first.get());
}

TEST(FutureTest, AFutureIsWaitedForByDescriptorAndOtherwise) {
  Runtime runtime{workers(1)};
  for (const bool by_then : {false, true}) {
    const Promise<int> promise;
    auto future = promise.future();
    (void)future.ready_fd();
    EXPECT_EQ(future.wait(1ms).error(), Code::timed_out);
    std::optional<int> got;
    if (by_then) {
      future.then([&](Result<int> result) { got = *result; });
    }
    promise.set(5);
    if (!by_then) {
      EXPECT_EQ(wait_any(runtime, {future}).value().size(), 1);
      got = future.get().value();
    }
    EXPECT_EQ(got, 5);
  }
}

TEST(FutureTest, AReadyFutureHasAReadableDescriptor) {
  Runtime runtime{workers(1)};
  const Promise<int> promise;
  promise.set(1);
  auto future = promise.future();
  EXPECT_TRUE(wait_any(runtime, {future}, Deadline::at_once()));
  const Promise<int> never;
  auto dropped_with_descriptor = never.future();
  (void)dropped_with_descriptor.ready_fd();
}

// ---- then --------------------------------------------------------------------------------------

struct Begin {
  Ref<Recorder> other;
};
struct Finished {};

class Continuing final {
 public:
  void handle(const Begin& begin) {
    in_handler_ = true;
    // Move-only, and the actor's state is its own to touch.
    begin.other.ask_async(Read{}).then(
        [this, runtime = RuntimeCore::current(),
         only = std::make_unique<int>(3)](Result<std::vector<int>> result) {
          EXPECT_FALSE(in_handler_) << "as a message, not within another";
          EXPECT_EQ(RuntimeCore::current(), runtime);
          got_ = *only + static_cast<int>(result->size());
        });
    EXPECT_EQ(got_, 0);
    in_handler_ = false;
  }
  int handle(Finished /*finished*/) { return got_; }

 private:
  bool in_handler_ = false;
  int got_ = 0;
};

TEST(FutureTest, AContinuationInAnActorRunsAsItsMessage) {
  Runtime runtime{workers(2)};
  const auto recorder = runtime.spawn<Recorder>();
  EXPECT_TRUE(recorder.send(1));
  const auto continuing = runtime.spawn<Continuing>();
  EXPECT_TRUE(continuing.send(Begin{recorder}));
  wait_until([&] { return continuing.ask(Finished{}).value() == 4; });
}

TEST(FutureTest, AContinuationOfAnActorThatHasEndedIsNotRunButFreed) {
  Runtime runtime{workers(2)};
  const auto recorder = runtime.spawn<Recorder>();
  const Gate begun;
  const Gate end;
  EXPECT_TRUE(recorder.send(Hold{begun, end}));
  begun.pass();
  const auto continuing = runtime.spawn<Continuing>();
  EXPECT_TRUE(continuing.send(Begin{recorder}));
  EXPECT_EQ(continuing.ask(Finished{}).value(), 0);
  continuing.stop();
  wait_until([&] { return !is_alive(runtime, continuing); });
  end.open();
  EXPECT_TRUE(recorder.ask(Read{}));
}

TEST(FutureTest, AContinuationThatThrowsEndsItsActor) {
  class Throwing final {
   public:
    void handle(const Begin& begin) {
      begin.other.ask_async(Read{}).then(
          [](const Result<std::vector<int>>& /*result*/) { throw std::runtime_error{"no"}; });
    }
  };
  Runtime runtime{workers(2)};
  const auto throwing = runtime.spawn<Throwing>();
  EXPECT_TRUE(throwing.send(Begin{runtime.spawn<Recorder>()}));
  wait_until([&] { return !is_alive(runtime, throwing); });
}

TEST(FutureTest, AContinuationOfAThreadRunsOnTheOneThatBringsTheValue) {
  Runtime runtime{workers(1)};
  const Promise<int> promise;
  std::optional<std::thread::id> where;
  promise.future().then([&](const Result<int>& /*result*/) { where = std::this_thread::get_id(); });
  std::thread::id its;
  std::jthread{[&] {
    its = std::this_thread::get_id();
    promise.set(1);
  }}.join();
  EXPECT_EQ(where, its);
  std::optional<int> at_once;
  const Promise<int> ready;
  ready.set(2);
  ready.future().then([&](Result<int> result) { at_once = *result; });
  EXPECT_EQ(at_once, 2);
}

// ---- promises ----------------------------------------------------------------------------------

TEST(PromiseTest, CopiesShareAndTheFirstValueCounts) {
  Runtime runtime{workers(1)};
  const Promise<int> promise;
  const Promise<int> copy = promise;  // NOLINT(performance-unnecessary-copy-initialization)
  auto future = promise.future();
  copy.set(1);
  promise.set(2);
  copy.fail(Error{Code::not_found, "too late"});
  EXPECT_EQ(future.get().value(), 1);
}

TEST(PromiseTest, AValueMayComeBeforeItsFuture) {
  Runtime runtime{workers(1)};
  const Promise<std::string> promise;
  promise.set("early");
  EXPECT_EQ(promise.future().get().value(), "early");
  const Promise<std::unique_ptr<int>> only;
  only.set(std::make_unique<int>(4));
  EXPECT_EQ(*only.future().get().value(), 4);
  const Promise<void> nothing;
  nothing.set();
  EXPECT_TRUE(nothing.future().get());
  const Promise<int> failed;
  failed.fail(Error{Code::not_found, "none"});
  EXPECT_EQ(failed.future().get().error(), Code::not_found);
}

TEST(PromiseTest, ADroppedPromiseIsAnError) {
  Runtime runtime{workers(1)};
  auto promise = std::make_unique<Promise<int>>();
  auto future = promise->future();
  auto copy = std::make_unique<Promise<int>>(*promise);
  promise.reset();
  EXPECT_FALSE(future.ready()) << "another copy is there";
  copy.reset();
  EXPECT_EQ(future.get().error(), Code::failed);
}

struct Promised {};

TEST(PromiseTest, AHandlerThatForgetsItsPromiseFailsItsAsk) {
  class Forgetful final {
   public:
    Promise<int> handle(Promised /*promised*/, Context& context) { return context.promise<int>(); }
    Promise<int> handle(int number) {
      kept_ = Promise<int>{};
      if (number == 0) {
        throw std::runtime_error{"and ends"};
      }
      return kept_;
    }

   private:
    Promise<int> kept_;
  };
  Runtime runtime{workers(1)};
  const auto forgetful = runtime.spawn<Forgetful>();
  EXPECT_EQ(forgetful.ask(Promised{}).error(), Code::failed);
  auto kept = forgetful.ask_async(1);
  EXPECT_EQ(forgetful.ask(Promised{}).error(), Code::failed) << "by now it has promised";
  forgetful.stop();
  EXPECT_EQ(kept.get(60s).error(), Code::failed) << "it went with the actor";
}

TEST(PromiseTest, AThreadSetsWhatAnActorPromised) {
  class Promising final {
   public:
    explicit Promising(Promise<long> promise) : promise_(std::move(promise)) {}
    Promise<long> handle(Promised /*promised*/) { return promise_; }

   private:
    Promise<long> promise_;
  };
  Runtime runtime{workers(2)};
  for (int i = 0; i < scaled(2000); ++i) {
    const Promise<long> promise;
    const auto actor = runtime.spawn<Promising>(promise);
    std::jthread thread;
    if (i % 4 == 0) {
      thread = std::jthread{[&] { promise.set(i); }};
    } else {
      promise.set(i);
    }
    ASSERT_EQ(actor.ask(Promised{}).value(), i);
    actor.stop();
  }
}

}  // namespace
}  // namespace troupe::actor_test
