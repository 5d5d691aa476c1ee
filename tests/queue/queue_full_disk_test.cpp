// SPDX-License-Identifier: Apache-2.0
// A durable queue on a disk that has no more room, and has some again: a small file system in
// memory, in a mount namespace of the test's own.
#include "harness/child.hpp"
#include "harness/namespaces.hpp"
#include "harness/temporary_directory.hpp"
#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/runtime.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using harness::Child;

bool names_the_reason(const Error& error) {
  return std::string_view{error.what()}.find("No space left on device") != std::string_view::npos;
}

class QueueFullDiskTest : public testing::Test {
 protected:
  // `body` in a process that has a disk of 24 MiB.
  void with_small_disk(const std::function<void()>& body) {
    Child boxed{[&] {
      if (!harness::enter_namespaces(CLONE_NEWNS)) {
        ::_exit(harness::kNoNamespaces);
      }
      harness::mount_tmpfs(directory_.path(), "size=24m");
      body();
    }};
    const int status = boxed.join();
    if (status == harness::kNoNamespaces) {
      GTEST_SKIP() << "this system gives no mount namespace";
    }
    EXPECT_EQ(status, 0);
  }
  // Nothing more fits.
  void fill() {
    const int file = ::open(ballast().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const std::string page(4096, 'x');
    while (::write(file, page.data(), page.size()) > 0) {
    }
    ::close(file);
  }
  void make_room() { std::filesystem::remove(ballast()); }
  std::string ballast() const { return directory_.file("ballast"); }
  QueueOptions options(WhenFull when_full) const {
    QueueOptions options;
    options.capacity = 100'000;
    options.when_full = when_full;
    options.durable = directory_.file("queue");
    return options;
  }
  // Puts until the disk is full; how many were confirmed.
  static std::size_t put_until_full(const Queue<std::string>& queue) {
    for (std::size_t confirmed = 0;; ++confirmed) {
      if (const auto put = queue.put_confirmed(numbered(confirmed), 30s); !put) {
        EXPECT_EQ(put.error(), Code::overloaded) << put.error().what();
        EXPECT_TRUE(names_the_reason(put.error())) << put.error().what();
        return confirmed;
      }
    }
  }
  static std::string numbered(std::size_t number) {
    return std::to_string(number) + std::string(2000, ' ');
  }

  harness::TemporaryDirectory directory_;
};

TEST_F(QueueFullDiskTest, NothingConfirmedIsLostAndTheQueueGoesOnWhenThereIsRoom) {
  with_small_disk([this] {
    std::size_t confirmed = 0;
    {
      Runtime runtime{RuntimeOptions{}};
      const Queue<std::string> queue{runtime, options(WhenFull::wait)};
      fill();
      confirmed = put_until_full(queue);
      EXPECT_EQ(queue.stats().error(), Code::overloaded);
      make_room();
      while (!queue.flush(30s)) {  // the put that failed is not lost either
      }
      for (++confirmed; confirmed % 100 != 0; ++confirmed) {
        ASSERT_TRUE(queue.put_confirmed(numbered(confirmed), 30s));
      }
    }
    Runtime runtime{RuntimeOptions{}};
    const Queue<std::string> queue{runtime, options(WhenFull::wait)};
    EXPECT_EQ(queue.stats().value().ready, confirmed);
    for (std::size_t number = 0; number < confirmed; ++number) {
      ASSERT_EQ(queue.get(30s).value(), numbered(number));
    }
  });
}

TEST_F(QueueFullDiskTest, WhoMayNotWaitIsToldWhyThereIsNoRoom) {
  with_small_disk([this] {
    Runtime runtime{RuntimeOptions{}};
    const Queue<std::string> queue{runtime, options(WhenFull::refuse)};
    fill();
    (void)put_until_full(queue);
    for (;;) {  // until what was granted before is used up
      if (const auto put = queue.try_put("more"); !put) {
        EXPECT_EQ(put.error(), Code::overloaded);
        EXPECT_TRUE(names_the_reason(put.error())) << put.error().what();
        break;
      }
    }
    const auto put = queue.put("more", 30s);
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error(), Code::overloaded);
    EXPECT_TRUE(names_the_reason(put.error())) << put.error().what();
    make_room();
  });
}

TEST_F(QueueFullDiskTest, WhatWasAcknowledgedWhileItWasFullDoesNotComeAgain) {
  with_small_disk([this] {
    {
      Runtime runtime{RuntimeOptions{}};
      const Queue<std::string> queue{runtime, options(WhenFull::wait)};
      queue.put_many({"acknowledged", "not"}).value();
      queue.flush().value();
      auto taken = queue.take().value();
      fill();
      (void)put_until_full(queue);
      taken.ack().value();
      EXPECT_EQ(queue.take(100ms).error(), Code::timed_out)
          << "what is handed out is written first";
      make_room();
      while (!queue.stats()) {
      }
      EXPECT_EQ(queue.stats().value().finished, 1U);
    }
    Runtime runtime{RuntimeOptions{}};
    const Queue<std::string> queue{runtime, options(WhenFull::wait)};
    EXPECT_EQ(queue.get(30s).value(), "not");
  });
}

}  // namespace
}  // namespace troupe
