// SPDX-License-Identifier: Apache-2.0
#include "fiber/computation.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace troupe::fiber {
namespace {

class FiberExceptionsTest : public testing::Test {
 protected:
  StackPool pool_{kSize};
  ThreadStack thread_;
  std::vector<std::string> caught_;
};

[[gnu::noinline]] void throw_deep(const std::string& text, int depth) {
  const std::string kept = text + "!";  // something to unwind
  if (depth == 0) {
    throw std::runtime_error{text};
  }
  throw_deep(text, depth - 1);
}

// Catches `text`, pauses in the handler, and throws the same on.
void pause_in_a_handler(Computation& self, const std::string& text) {
  try {
    throw_deep(text, 3);
  } catch (const std::runtime_error&) {
    self.pause();
    throw;
  }
}

TEST_F(FiberExceptionsTest, WhatIsThrownOnAStackIsCaughtThere) {
  Computation throwing{pool_, [this](Computation& self) {
                         for (int i = 0; i < 3; ++i) {
                           try {
                             throw_deep(std::to_string(i), 10);
                           } catch (const std::exception& thrown) {
                             caught_.emplace_back(thrown.what());
                           }
                           self.pause();
                         }
                       }};
  while (!throwing.ended()) {
    throwing.step(thread_);
  }
  EXPECT_EQ(caught_, (std::vector<std::string>{"0", "1", "2"}));
}

TEST_F(FiberExceptionsTest, AHandlerThrowsItsOwnOnAfterAnotherWasCaughtMeanwhile) {
  Computation waiting{pool_, [this](Computation& self) {
                        try {
                          pause_in_a_handler(self, "its own");
                        } catch (const std::exception& thrown) {
                          caught_.emplace_back(thrown.what());
                        }
                      }};
  waiting.step(thread_);
  try {
    throw_deep("another", 3);
  } catch (const std::exception& thrown) {
    caught_.emplace_back(thrown.what());
    waiting.step(thread_);  // goes on while this one is handled
  }
  EXPECT_EQ(caught_, (std::vector<std::string>{"another", "its own"}));
  EXPECT_EQ(std::current_exception(), nullptr);
}

TEST_F(FiberExceptionsTest, HandlersThatEndInAnyOrderKeepTheirOwn) {
  const auto body = [this](const std::string& text) {
    return [this, text](Computation& self) {
      try {
        pause_in_a_handler(self, text);
      } catch (const std::exception& thrown) {
        caught_.emplace_back(thrown.what());
        self.pause();
        caught_.emplace_back(thrown.what());
      }
    };
  };
  Computation first{pool_, body("first")};
  Computation second{pool_, body("second")};
  Computation third{pool_, body("third")};
  for (Computation* const next :
       {&first, &second, &third, &second, &first, &first, &third, &second, &third}) {
    next->step(thread_);
  }
  EXPECT_EQ(caught_,
            (std::vector<std::string>{"second", "first", "first", "third", "second", "third"}));
}

TEST_F(FiberExceptionsTest, AHandlerGoesOnOnAnotherThread) {
  Computation moving{pool_, [this](Computation& self) {
                       try {
                         pause_in_a_handler(self, "moved");
                       } catch (const std::exception& thrown) {
                         caught_.emplace_back(thrown.what());
                       }
                     }};
  moving.step(thread_);
  EXPECT_EQ(std::current_exception(), nullptr);
  std::jthread{[&] {
    ThreadStack other;
    moving.step(other);
    EXPECT_EQ(std::current_exception(), nullptr);
  }}.join();
  EXPECT_EQ(caught_, std::vector<std::string>{"moved"});
}

TEST_F(FiberExceptionsTest, EachSideCountsItsOwnUncaughtExceptions) {
  std::vector<int> counts;
  struct PausesInItsEnd {
    Computation& self;
    std::vector<int>& counts;
    ~PausesInItsEnd() {
      counts.push_back(std::uncaught_exceptions());
      self.pause();
      counts.push_back(std::uncaught_exceptions());
    }
  };
  Computation unwinding{pool_, [&counts](Computation& self) {
                          counts.push_back(std::uncaught_exceptions());
                          try {
                            const PausesInItsEnd guard{self, counts};
                            throw std::runtime_error{"unwinds"};
                          } catch (const std::exception&) {
                            counts.push_back(std::uncaught_exceptions());
                          }
                        }};
  unwinding.step(thread_);
  EXPECT_EQ(std::uncaught_exceptions(), 0);
  unwinding.step(thread_);
  EXPECT_EQ(counts, (std::vector{0, 1, 1, 0}));
}

TEST_F(FiberExceptionsTest, WhatBeginsWhileTheOtherSideHandlesSomethingHandlesNothing) {
  std::vector<bool> handling;
  Computation looking{pool_, [&handling](Computation& /*self*/) {
                        handling.push_back(std::current_exception() != nullptr);
                      }};
  try {
    throw_deep("handled outside", 0);
  } catch (const std::exception&) {
    looking.step(thread_);
    handling.push_back(std::current_exception() != nullptr);
  }
  EXPECT_EQ(handling, (std::vector{false, true}));
}

}  // namespace
}  // namespace troupe::fiber
