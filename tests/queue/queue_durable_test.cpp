// SPDX-License-Identifier: Apache-2.0
// Durable queues: what is on the disk at any instant is what a kill -9 leaves, so a test copies it,
// and opens the copy.
#include "harness/temporary_directory.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/queue/internal/store.hpp"
#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::uintmax_t size_of(const fs::path& folder) {
  std::uintmax_t size = 0;
  for (const auto& file : fs::directory_iterator{folder}) {
    std::error_code gone;
    const auto its = file.file_size(gone);
    size += gone ? 0 : its;
  }
  return size;
}

// Where the last commits are.
fs::path log_in(const fs::path& folder) {
  std::optional<fs::path> found;
  for (const auto& file : fs::directory_iterator{folder}) {
    if (file.path().extension() == ".log" && (!found || *found < file.path())) {
      found = file.path();
    }
  }
  return found.value();
}

// An owner and its queue, from the start to the end of its runtime.
template <class T>
struct Life {
  explicit Life(const fs::path& at, QueueOptions options = {})
      : queue(runtime, (options.durable = at, options)) {}

  // What comes, with how often it came.
  std::vector<std::pair<T, std::uint32_t>> take_all() {
    std::vector<std::pair<T, std::uint32_t>> all;
    while (auto taken = queue.try_take()) {
      all.emplace_back(**taken, taken->deliveries());
      taken->ack().value();
    }
    return all;
  }

  Runtime runtime{RuntimeOptions{}};
  Queue<T> queue;
};

using Lines = Life<std::string>;
using Seen = std::vector<std::pair<std::string, std::uint32_t>>;

class QueueDurableTest : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return directory_.file(name); }
  // What a kill -9 would leave there now.
  std::string left_of(const std::string& name) {
    std::string copy = at(name + "-" + std::to_string(++copies_));
    fs::copy(at(name), copy);
    return copy;
  }

  harness::TemporaryDirectory directory_;
  int copies_ = 0;
};

TEST_F(QueueDurableTest, WhatIsConfirmedSurvivesAKill) {
  Lines first{at("queue")};
  first.queue.put("put").value();
  first.queue.put_with("high", {.priority = 1}).value();
  first.queue.put_with("in an hour", {.delay = 1h}).value();
  first.queue.flush().value();
  Lines second{left_of("queue")};
  EXPECT_EQ(second.queue.stats().value().ready, 3U);
  EXPECT_EQ(second.take_all(), (Seen{{"high", 1}, {"put", 1}}));
  EXPECT_EQ(second.queue.stats().value().ready, 1U);
  EXPECT_EQ(second.queue.stats().value().accepted, 3U);
}

TEST_F(QueueDurableTest, WhatIsFinishedDoesNotComeAgainAndWhatWasInWorkSaysSo) {
  Lines first{at("queue")};
  first.queue.put_many({"finished", "in work", "ready"}).value();
  first.queue.take().value().ack().value();
  const auto held = first.queue.take().value();
  EXPECT_EQ(first.queue.stats().value().finished, 1U);
  Lines second{left_of("queue")};
  EXPECT_EQ(second.take_all(), (Seen{{"ready", 1}, {"in work", 2}}));
}

TEST_F(QueueDurableTest, AnEndInOrderKeepsAll) {
  {
    Lines first{at("queue")};
    first.queue.put_many({"finished", "left"}).value();
    first.queue.take().value().ack().value();
  }
  Lines second{at("queue")};
  EXPECT_EQ(second.take_all(), (Seen{{"left", 1}}));
}

TEST_F(QueueDurableTest, DeadLettersAndCountsSurvive) {
  const QueueOptions options{.deliveries = 2};
  Lines first{at("queue"), options};
  first.queue.put_many({"rejected", "failed once"}).value();
  first.queue.take().value().reject("it is bad").value();
  first.queue.take().value().give_back().value();
  EXPECT_EQ(first.queue.stats().value().dead, 1U);
  Lines second{left_of("queue"), options};
  EXPECT_EQ(second.queue.stats().value().dead, 1U);
  second.queue.take().value().give_back().value();  // its second time
  auto dead = second.queue.dead_letters().value();
  const auto letter = dead.get(5s).value();
  EXPECT_EQ(letter.item, "rejected");
  EXPECT_EQ(letter.reason, "it is bad");
  EXPECT_EQ(dead.get(5s).value().item, "failed once");
}

TEST_F(QueueDurableTest, WhatIsEmittedIsThereOnceThoughItsCauseComesAgain) {
  Runtime runtime{RuntimeOptions{}};
  std::string before;
  {
    Queue<std::string> in{runtime, {.durable = at("in")}};
    Queue<std::string> out{runtime, {.durable = at("out")}};
    in.put_many({"cause", "another"}).value();
    auto cause = in.take().value();
    EXPECT_EQ(in.stats().value().in_work, 1U);
    before = left_of("in");  // as if its owner were killed before it heard of the end
    cause.emit(out, std::string{"output"}).value();
    cause.ack().value();
    out.flush().value();
  }
  Lines in{before};
  Queue<std::string> out{in.runtime, {.durable = left_of("out")}};
  for (int i = 0; i < 2; ++i) {
    auto cause = in.queue.take().value();
    cause.emit(out, *cause == "cause" ? std::string{"output"} : "another output").value();
    cause.ack().value();
  }
  out.flush().value();
  EXPECT_EQ(out.try_get().value(), "output");
  EXPECT_EQ(out.try_get().value(), "another output");
  EXPECT_EQ(out.size().value(), 0U);
}

TEST_F(QueueDurableTest, AClosedQueueEndsInItsNextLife) {
  Lines first{at("queue")};
  first.queue.put("last").value();
  first.queue.fail("half of it is missing").value();
  Lines second{left_of("queue")};
  EXPECT_EQ(second.queue.try_put("more").error(), Code::closed);
  EXPECT_EQ(second.queue.get().value(), "last");
  EXPECT_EQ(second.queue.take().error(), Code::failed);
}

TEST_F(QueueDurableTest, FinishedItemsLeaveNoTraceOnTheDisk) {
  Lines life{at("queue")};
  const std::string large(10'000, 'x');
  for (int i = 0; i < 10000; ++i) {
    life.queue.put(large).value();
    (void)life.queue.get().value();
  }
  life.queue.flush().value();
  EXPECT_LT(size_of(at("queue")), 50'000'000U) << "100 MB went through";
}

// ---- what is refused ---------------------------------------------------------------------------

Error refusal(const std::string& path) {
  try {
    const Lines life{path};
  } catch (const Error& error) {
    EXPECT_NE(std::string_view{error.what()}.find(path), std::string_view::npos) << error.what();
    return error;
  }
  ADD_FAILURE() << "it was opened";
  return Error{Code::failed, ""};
}

TEST_F(QueueDurableTest, ASecondOwnerIsRefusedUntilTheFirstEnds) {
  auto first = std::make_unique<Lines>(at("queue"));
  first->queue.put_confirmed("1").value();
  const Error error = refusal(at("queue"));
  EXPECT_EQ(error, Code::refused);
  EXPECT_NE(std::string_view{error.what()}.find("has it open"), std::string_view::npos);
  Process other{*Runtime::current(),
                [](std::string path) {
                  if (refusal(path) != Code::refused || testing::Test::HasFailure()) {
                    throw Error::failed("it was not refused");
                  }
                },
                at("queue")};
  EXPECT_TRUE(other.join().value().ok());
  first.reset();
  EXPECT_EQ(Lines{at("queue")}.take_all(), (Seen{{"1", 1}}));
}

TEST_F(QueueDurableTest, WhatIsNoStoreOfAQueueIsLeftAlone) {
  std::ofstream{at("file")} << "a file";
  EXPECT_EQ(refusal(at("file")), Code::refused);
  fs::create_directory(at("folder"));
  std::ofstream{at("folder") + "/letter"} << "dear";
  EXPECT_EQ(refusal(at("folder")), Code::refused);
  {
    auto foreign = queue::open_store(at("foreign"), false).value();
    foreign->put("somebody", "else's");
    foreign->commit().value();
  }
  EXPECT_EQ(refusal(at("foreign")), Code::refused);
  EXPECT_EQ(refusal(at("no such folder/queue")), Code::system);
}

TEST_F(QueueDurableTest, ItemsOfAnotherTypeAreRefusedByName) {
  {
    Lines lines{at("lines")};
    lines.queue.put_confirmed("1").value();
  }
  try {
    const Life<double> numbers{at("lines")};
    FAIL() << "it was opened";
  } catch (const Error& error) {
    EXPECT_EQ(error, Code::refused) << error.what();
  }
}

TEST_F(QueueDurableTest, AnAddressMaySayWhereItIs) {
  Runtime runtime{RuntimeOptions{}};
  const std::string address = "unix:" + at("socket");
  const auto create = [&](const std::string& options, const std::string& end = {}) {
    return Queue<int>::create(runtime, address + end + options);
  };
  EXPECT_EQ(create("?durable=").error(), Code::invalid_argument);
  EXPECT_EQ(create("?sync=always").error(), Code::invalid_argument);
  EXPECT_EQ(create("?durable=" + at("queue") + "&sync=often").error(), Code::invalid_argument);
  EXPECT_EQ(Queue<int>::create(runtime, address + "?durable=" + at("queue"), {.durable = at("x")})
                .error(),
            Code::invalid_argument);
  {
    std::ofstream{at("file")} << "a file";
    EXPECT_EQ(create("?durable=" + at("file"), "-2").error(), Code::refused);
  }
  const auto queue = create("?durable=" + at("queue") + "&sync=always&peers=any").value();
  EXPECT_EQ(queue.address().text(), address + "?peers=any");
  const auto client = Queue<int>::open(runtime, address + "?durable=" + at("queue")).value();
  client.put_confirmed(1).value();
  Life<int> second{left_of("queue")};
  EXPECT_EQ(second.queue.get().value(), 1);
}

// ---- damage ------------------------------------------------------------------------------------

class QueueDamageTest : public QueueDurableTest {
 protected:
  // Three puts, each one commit, and where each of them ends in the log.
  void make() {
    Lines life{at("queue")};
    for (const char* const text : {"first", "second", "third"}) {
      life.queue.put_confirmed(text).value();
      ends_.push_back(fs::file_size(log_in(at("queue"))));
    }
    store_ = left_of("queue");
  }
  // What is read where `change` was made to the log: how many records; or why not.
  Result<std::size_t> read_after(const std::function<void(const fs::path&)>& change) {
    const fs::path copy = at("copy");
    fs::remove_all(copy);
    fs::copy(store_, copy);
    change(log_in(copy));
    auto store = queue::open_store(copy, false);
    if (!store) {
      return store.error();
    }
    std::size_t items = 0;
    auto read = (*store)->read([&](std::string_view key, auto /*value*/) -> Result<void> {
      items += key.starts_with("ii") ? 1 : 0;
      return {};
    });
    return read ? Result<std::size_t>{items} : read.error();
  }

  std::vector<std::uintmax_t> ends_;
  std::string store_;
};

TEST_F(QueueDamageTest, ATornTailIsCutAtTheLastWholeCommit) {
  make();
  for (std::uintmax_t end = ends_[0]; end <= ends_[2]; ++end) {
    const auto items = read_after([&](const fs::path& log) { fs::resize_file(log, end); });
    ASSERT_TRUE(items) << end << ": " << items.error().what();
    EXPECT_EQ(*items, end < ends_[1] ? 1U : end < ends_[2] ? 2U : 3U) << end;
  }
}

TEST_F(QueueDamageTest, AQueueWithATornTailGoesOn) {
  make();
  fs::resize_file(log_in(store_), ends_[2] - 3);
  {
    Lines life{store_};
    EXPECT_EQ(life.queue.stats().value().ready, 2U);
    life.queue.put_confirmed("fourth").value();
  }
  EXPECT_EQ(Lines{store_}.take_all(), (Seen{{"first", 1}, {"second", 1}, {"fourth", 1}}));
}

// A length that is damaged so that it points behind the end reads as a torn tail: LevelDB cannot
// tell. All else is noticed.
TEST_F(QueueDamageTest, DamageInTheMiddleIsAnError) {
  make();
  constexpr std::uintmax_t kHeader = 7;  // of a record: 4 of a checksum, 2 of its length, its kind
  for (std::uintmax_t place = ends_[0]; place < ends_[1]; ++place) {
    const bool is_length = place - ends_[0] >= 4 && place - ends_[0] < kHeader - 1;
    if (is_length) {
      continue;
    }
    const auto items = read_after([&](const fs::path& log) {
      std::fstream file{log, std::ios::in | std::ios::out | std::ios::binary};
      file.seekg(static_cast<std::streamoff>(place));
      const int byte = file.get();
      file.seekp(static_cast<std::streamoff>(place));
      file.put(static_cast<char>(byte ^ 0x10));
    });
    ASSERT_FALSE(items) << place << ": " << *items;
    EXPECT_EQ(items.error(), Code::malformed);
    EXPECT_NE(std::string_view{items.error().what()}.find(at("copy")), std::string_view::npos);
  }
}

TEST_F(QueueDamageTest, AMissingFileIsAnError) {
  make();
  fs::remove(fs::path{store_} / "CURRENT");
  EXPECT_EQ(refusal(store_), Code::refused);
}

}  // namespace
}  // namespace troupe
