// SPDX-License-Identifier: Apache-2.0
// The log of a runtime and of its children; what is still open at the end is in it.
#include "actor/support.hpp"
#include "support.hpp"
#include "troupe/runtime/actor/signals.hpp"
#include "troupe/runtime/channel/listener.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGUSR1 is POSIX
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe {
namespace {

class RuntimeLogTest : public testing::Test {
 protected:
  RuntimeOptions options(LogLevel level = LogLevel::info) {
    RuntimeOptions options;
    options.name = "tested";
    options.workers = 1;
    options.log_level = level;
    options.log = [this](const LogRecord& record) {
      const std::lock_guard lock{mutex_};
      lines_.push_back(std::string{name_of(record.level)} + " " + std::string{record.process} +
                       " " + record.message());
      file_ = record.where.file;
    };
    return options;
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock{mutex_};
    return lines_;
  }
  // Those that name what is open, without the words around it.
  std::vector<std::string> left_open() {
    const std::string before = "warning tested at the end of runtime 'tested': ";
    const std::string after = " is still open; close or destroy it before its Runtime";
    std::vector<std::string> things;
    for (const std::string& line : lines()) {
      if (line.starts_with(before) && line.ends_with(after)) {
        things.push_back(line.substr(before.size(), line.size() - before.size() - after.size()));
      }
    }
    std::ranges::sort(things);
    return things;
  }

  std::mutex mutex_;
  std::vector<std::string> lines_;  // guarded by mutex_
  std::string file_;
};

// ---- who says it, and how loud -----------------------------------------------------------------

struct Say {
  std::string text;
  LogLevel level{};
};
class Speaker final {
 public:
  void handle(const Say& say, Context& context) { context.log(say.text, say.level); }
  int handle(int number) { return number; }
};

TEST_F(RuntimeLogTest, AnActorIsNamedAndItsCodeIsThePlace) {  // LG-03
  Runtime runtime{options()};
  ActorOptions named;
  named.name = "loud";
  const auto actor = runtime.spawn_with<Speaker>(named);
  actor.send(Say{"hello", LogLevel::error});
  actor.send(Say{"not heard", LogLevel::debug});
  EXPECT_TRUE(actor.ask(1));
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_EQ(lines()[0].find("error tested "), 0U) << lines()[0];
  EXPECT_NE(lines()[0].find("\"loud\": hello"), std::string::npos) << lines()[0];
  EXPECT_TRUE(file_.ends_with("log_test.cpp")) << file_;
}

std::string level_of_child(Runtime& runtime, StartMethod method) {
  auto [here, there] = Pipe<std::string>::create(runtime).value();
  Process child{
      runtime,
      {.start = method},
      [](Runtime& own, Pipe<std::string>&& parent) {
        auto [one, other] = Pipe<std::string>::create(own).value();
        Process grandchild{own,
                           [](Runtime& its, Pipe<std::string>&& child_of) {
                             (void)child_of.send(std::string{name_of(its.log().level())});
                           },
                           std::move(other)};
        (void)parent.send(std::string{name_of(own.log().level())} + " " + one.receive().value());
      },
      std::move(there)};
  return here.receive().value();
}

TEST_F(RuntimeLogTest, AChildBeginsWithTheLevelOfItsStarter) {  // LG-02
  Runtime runtime{options(LogLevel::error)};
  for (const StartMethod method : {StartMethod::zygote, StartMethod::exec}) {
    runtime.set_log_level(LogLevel::error);
    EXPECT_EQ(level_of_child(runtime, method), "error error");
    runtime.set_log_level(LogLevel::debug);
    EXPECT_EQ(level_of_child(runtime, method), "debug debug");
  }
}

// ---- what is still open ------------------------------------------------------------------------

TEST_F(RuntimeLogTest, WhatIsClosedInTimeIsNotNamed) {
  {
    Runtime runtime{options()};
    auto listener = Listener::create(runtime).value();
    EXPECT_EQ(runtime.leaks().text(), "listener at " + listener.address().text());
    auto client = connect(runtime, listener.address()).value();
    auto accepted = listener.accept().value();
    const Process child{runtime, [] {}};
    (void)runtime.spawn<Speaker>();
    EXPECT_EQ(runtime.leaks().things.size(), 5U) << runtime.leaks().text();
    accepted.close();
    listener.close();
    EXPECT_EQ(runtime.leaks().things.size(), 3U) << runtime.leaks().text();
  }
  EXPECT_EQ(lines(), std::vector<std::string>{});
}

// It is memory, which needs nothing of the runtime that it came from.
TEST_F(RuntimeLogTest, WhatAClosedConnectionHasLentIsNoLeak) {
  constexpr std::size_t kBytes = std::size_t{1} << 20U;
  std::optional<Loan> loan;
  std::optional<Buffer> received;
  {
    Runtime runtime{options()};
    auto [here, there] =
        connect_ends(runtime, Address{"shm:"}, transports::Direction::duplex, false).value();
    loan = here.loan(kBytes).value();
    Loan sent = here.loan(kBytes).value();
    std::ranges::fill(sent.bytes(), std::byte{1});
    here.send_buffer(std::move(sent)).value();
    received = there.receive_buffer().value();
    EXPECT_EQ(runtime.leaks().things.size(), 2U) << runtime.leaks().text();
    here.close();
    there.close();
    EXPECT_TRUE(runtime.leaks().clean()) << runtime.leaks().text();
  }
  EXPECT_EQ(lines(), std::vector<std::string>{});
  std::ranges::fill(loan->bytes(), std::byte{2});
  EXPECT_EQ(loan->bytes().back(), std::byte{2});
  EXPECT_EQ(received->bytes().back(), std::byte{1});
}

// Frees what has been forgotten, which closes its descriptors; what asks its runtime is not called.
template <class T>
void forget(std::unique_ptr<T> thing) {
  static auto& kept = *new std::vector<std::unique_ptr<T>>;
  kept.push_back(std::move(thing));
}

TEST_F(RuntimeLogTest, WhatOutlivesItsRuntimeIsNamedWithItsAddress) {
  std::string address;
  std::string who;
  {
    Runtime runtime{options()};
    auto listener =
        std::make_unique<Listener>(Listener::create(runtime, Address{"tcp://127.0.0.1:0"}).value());
    address = listener->address().text();
    forget(std::make_unique<Connection>(connect(runtime, listener->address()).value()));
    forget(std::move(listener));
    forget(std::make_unique<Signals>(runtime, std::initializer_list<int>{SIGUSR2}));
    auto child = std::make_unique<Process>(runtime, [] {});
    who = child->name() + " (pid " + std::to_string(child->pid()) + ")";
    child->join().value();
    forget(std::move(child));
  }
  EXPECT_EQ(left_open(),
            (std::vector<std::string>{"connection to " + address, "listener at " + address,
                                      "process " + who, "signals SIGUSR2"}));
}

TEST_F(RuntimeLogTest, AnActorThatDoesNotEndIsNamed) {
  const actor_test::Hold gates;
  {
    RuntimeOptions impatient = options();
    impatient.stop_grace = Duration::zero();
    Runtime runtime{impatient};
    ActorOptions named;
    named.name = "stuck";
    const auto actor = runtime.spawn_with<actor_test::Recorder>(named);
    actor.send(gates);
    gates.begun.pass();
  }
  EXPECT_EQ(left_open(), std::vector<std::string>{"actor Recorder \"stuck\""});
  gates.end.open();
}

}  // namespace
}  // namespace troupe
