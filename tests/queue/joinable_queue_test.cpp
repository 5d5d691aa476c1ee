// SPDX-License-Identifier: Apache-2.0
// Python's other two queues.
#include "troupe/runtime/queue/joinable_queue.hpp"

#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/queue/simple_queue.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;

Runtime& runtime() {
  return *Runtime::current();
}

void do_tasks(JoinableQueue<int> tasks, Queue<int> done) {
  while (auto task = tasks.get()) {
    done.put(*task).value();
    tasks.task_done().value();
  }
}

// QU-16
TEST(JoinableQueueTest, JoinWaitsForTheWorkOfFourProcesses) {
  constexpr int kTasks = 20;
  JoinableQueue<int> tasks{runtime()};
  Queue<int> done{runtime()};
  std::vector<Process> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back(runtime(), do_tasks, tasks, done);
  }
  for (int i = 0; i < kTasks; ++i) {
    tasks.put(i).value();
  }
  tasks.join().value();
  EXPECT_EQ(done.size().value(), static_cast<std::size_t>(kTasks));
  tasks.close().value();
  for (Process& worker : workers) {
    EXPECT_TRUE(worker.join().value().ok());
  }
}

TEST(JoinableQueueTest, WhatWasGotIsInWorkUntilItIsDone) {
  JoinableQueue<int> tasks{runtime()};
  tasks.put(1).value();
  EXPECT_EQ(tasks.get().value(), 1);
  EXPECT_EQ(tasks.join(10ms).error(), Code::timed_out);
  tasks.task_done().value();
  tasks.join().value();
  EXPECT_EQ(tasks.task_done().error(), Code::invalid_argument);
}

void put_some(SimpleQueue<int> queue) {
  for (int i = 0; i < 3; ++i) {
    queue.put(i).value();
  }
}

// QU-25
TEST(SimpleQueueTest, ItemsOfAnotherProcessComeInOrder) {
  SimpleQueue<int> queue{runtime()};
  EXPECT_TRUE(queue.empty().value());
  Process child{runtime(), put_some, queue};
  ASSERT_TRUE(child.join().value().ok());
  EXPECT_FALSE(queue.empty().value());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(queue.get().value(), i);
  }
  EXPECT_TRUE(queue.empty().value());
}

// QU-26, QU-27
TEST(SimpleQueueTest, ClosedTwiceIsClosed) {
  SimpleQueue<int> queue{runtime()};
  queue.close().value();
  queue.close().value();
  EXPECT_EQ(queue.empty().error(), Code::closed);
  EXPECT_EQ(queue.put(1).error(), Code::closed);
  EXPECT_EQ(queue.get().error(), Code::closed);
}

}  // namespace
}  // namespace troupe
