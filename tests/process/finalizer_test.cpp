// SPDX-License-Identifier: Apache-2.0
// What runs at the end of a runtime, in order (Runtime::at_exit).
#include "support.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace troupe {
namespace {

class FinalizerTest : public testing::Test {
 protected:
  auto says(const std::string& word) {
    return [this, word] { said_ += word; };
  }
  void end() { runtime_.reset(); }

  std::string said_;
  std::string log_;
  std::optional<Runtime> runtime_{
      std::in_place, RuntimeOptions{.log = [this](const LogRecord& record) {
        log_ += std::string{name_of(record.level)} + " " + record.message() + "\n";
      }}};
};

TEST_F(FinalizerTest, TheHighestPriorityComesFirstTheNewestFirstWithinOne) {  // FN-01
  runtime_->at_exit(0, says("a"));
  runtime_->at_exit(0, says("b"));
  runtime_->at_exit(10, says("c"));
  runtime_->at_exit(-100, says("d"));
  runtime_->at_exit(10, says("e"));
  EXPECT_EQ(said_, "");
  end();
  EXPECT_EQ(said_, "ecbad");
}

TEST_F(FinalizerTest, OneThatIsCalledRunsOnceAndOneThatIsCancelledNever) {  // FN-01
  const Finalizer early = runtime_->at_exit(1, says("early"));
  const Finalizer never = runtime_->at_exit(1, says("never"));
  EXPECT_TRUE(early.is_pending());
  EXPECT_TRUE(early.run());
  EXPECT_FALSE(early.run());
  EXPECT_FALSE(early.cancel());
  EXPECT_TRUE(never.cancel());
  EXPECT_FALSE(never.run());
  EXPECT_FALSE(never.is_pending());
  end();
  EXPECT_EQ(said_, "early");
  EXPECT_FALSE(early.run()) << "the runtime is gone";
  EXPECT_FALSE(Finalizer{}.run());
}

TEST_F(FinalizerTest, ThoseFromZeroOnCanStillTalkAndTheOthersComeWhenAllHasEnded) {
  Process child{*runtime_, [](Runtime& own) {
                  auto [one, other] = Pipe<int>::create(own).value();
                  (void)one.receive();
                }};
  runtime_->at_exit(0,
                    [&] { said_ += child.is_alive() && !runtime_->stopping() ? "before " : "?"; });
  runtime_->at_exit(-1, [&] { said_ += child.is_alive() ? "?" : "after"; });
  (void)runtime_->stop();
  EXPECT_EQ(said_, "before after");
  child = {};
  end();
  EXPECT_EQ(said_, "before after") << "each once";
}

TEST_F(FinalizerTest, OneMayAddOthersAndTheyComeInTheirOrder) {
  runtime_->at_exit(5, [&] {
    said_ += "5";
    runtime_->at_exit(3, says("3"));
    runtime_->at_exit(7, says("7"));
  });
  runtime_->at_exit(4, says("4"));
  end();
  EXPECT_EQ(said_, "5743");
}

TEST_F(FinalizerTest, OneThatThrowsIsLoggedAndTheOthersRun) {
  runtime_->at_exit(1, [] { throw Error{Code::failed, "disk full"}; });
  runtime_->at_exit(0, says("others"));
  end();
  EXPECT_EQ(said_, "others");
  EXPECT_EQ(log_, "error a function for the end, of priority 1, threw: disk full\n");
}

TEST_F(FinalizerTest, ThreadsMayAddSomeWhileOthersRun) {  // FN-02
  constexpr int kEach = 2000;
  std::atomic<int> ran = 0;
  std::atomic<int> cancelled = 0;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        const auto added = runtime_->at_exit((i * 7 + thread) % 11, [&] { ++ran; });
        if (i % 3 == 0 && added.cancel()) ++cancelled;
        if (i % 3 == 1) (void)added.run();
      }
    });
  }
  for (int i = 0; i < 3; ++i)
    (void)runtime_->stop();
  threads.clear();
  end();
  EXPECT_EQ(ran + cancelled, 3 * kEach);
}

TEST_F(FinalizerTest, TheyRunInTheProcessThatAskedForThem) {
  const auto ends = test::make_pipe();
  const int writer = ends.writer.get();
  runtime_->at_exit(0, [writer] { (void)!::write(writer, "original ", 9); });
  const pid_t copy = ::fork();
  if (copy == 0) {
    runtime_.reset();
    ::_exit(0);
  }
  ::waitpid(copy, nullptr, 0);
  (void)!::write(writer, "then ", 5);
  end();
  std::array<char, 100> text{};
  EXPECT_GT(::read(ends.reader.get(), text.data(), text.size()), 0);
  EXPECT_STREQ(text.data(), "then original ");
}

std::string ended_how(Runtime& runtime, Result<int> (*body)(Runtime&, const UniqueFd&)) {
  auto ends = test::make_pipe();
  Process child{runtime, body, std::move(ends.writer)};
  std::string said = test::read_all(ends.reader);
  return said + "|" + std::to_string(child.join().value().code);
}

void at_the_end_say(Runtime& own, const UniqueFd& writer, const char* word) {
  own.at_exit(0, [copy = std::make_shared<UniqueFd>(UniqueFd::duplicate(writer.get()).value()),
                  word] { (void)!::write(copy->get(), word, 1); });
}

TEST_F(FinalizerTest, AChildsRunAtItsNormalEndHoweverItsBodyEnds) {
  EXPECT_EQ(ended_how(*runtime_,
                      [](Runtime& own, const UniqueFd& writer) -> Result<int> {
                        at_the_end_say(own, writer, "a");
                        at_the_end_say(own, writer, "b");
                        return 3;
                      }),
            "ba|3");
  EXPECT_EQ(ended_how(*runtime_,
                      [](Runtime& own, const UniqueFd& writer) -> Result<int> {
                        at_the_end_say(own, writer, "t");
                        throw std::runtime_error{"no"};
                      }),
            "t|1");
  EXPECT_EQ(ended_how(*runtime_,
                      [](Runtime& own, const UniqueFd& writer) -> Result<int> {
                        at_the_end_say(own, writer, "k");
                        ::kill(::getpid(), SIGKILL);
                        return 0;
                      }),
            "|0");
}

}  // namespace
}  // namespace troupe
