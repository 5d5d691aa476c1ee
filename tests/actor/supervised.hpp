// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests of supervisors: a runtime that the test drives, under a clock that it holds; and a
// child that writes down its starts and ends.

#include "harness/manual_clock.hpp"
#include "troupe/runtime/actor/supervisor.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace troupe::actor_tests {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 50ms reads better

struct Fail {
  std::string why;
};
struct Leave {};  // ends as normal
struct Which {};  // answers the number of the incarnation
struct Hold {};   // waits, however often it is told to stop

// What happened, in order: "a+" a was made, "a-" it has ended as normal, "a!" failed.
struct Record {
  std::vector<std::string> events;
  int made = 0;  // objects, of all children
  // Called by each constructor: may throw.
  std::function<void(const std::string& name)> making = [](const std::string&) {};

  std::string take() {
    std::string text;
    for (const std::string& event : std::exchange(events, {})) {
      text += (text.empty() ? "" : " ") + event;
    }
    return text;
  }
};

class Recorded {
 public:
  using Accepts = Protocol<int(Which), void(Fail), void(Leave), void(Hold)>;

  Recorded(Record* record, std::string name) : record_(record), name_(std::move(name)) {
    record_->making(name_);
    incarnation_ = ++record_->made;
    record_->events.push_back(name_ + "+");
  }

  void stopped(Context& /*context*/, const Exit& reason) {
    record_->events.push_back(name_ + (reason.ok() ? "-" : "!"));
  }

  int handle(Which) const { return incarnation_; }
  void handle(const Fail& fail) { throw std::runtime_error(fail.why); }
  void handle(Leave, Context& context) { context.stop(); }
  void handle(Hold, Context& context) { (void)context.sleep(24h); }

 private:
  Record* record_;
  std::string name_;
  int incarnation_ = 0;
};

// Who waits for something that only time brings is given it: 10 ms at a time.
class SupervisedTest : public testing::Test {
 protected:
  static RuntimeOptions options_for(SupervisedTest& test) {
    RuntimeOptions options;
    options.own_threads = false;
    options.log = [&test](std::string_view line) { test.log += std::string{line} + "\n"; };
    options.ports = [&test] {
      Ports ports;
      ports.clock = &test.clock;
      ports.scheduler.idle = [&test](Deadline /*until*/) { test.clock.advance(10ms); };
      return ports;
    };
    return options;
  }

  // Until nothing is to be done now.
  void run() {
    while (runtime.poll_once() > 0) {
    }
  }
  void pass(Duration time) {
    clock.advance(time);
    run();
  }
  template <class A>
  void fail(const Named<A>& child, std::string why = "asked to") {
    ASSERT_TRUE(child.send(Fail{std::move(why)}));
    run();
  }

  Named<Recorded> add(Supervisor& supervisor, const std::string& name, ChildOptions options = {}) {
    return supervisor.add<Recorded>(name, options, &record, name).value();
  }
  Named<Recorded> add(Branch supervisor, const std::string& name, ChildOptions options = {}) {
    return supervisor.add<Recorded>(name, options, &record, name).value();
  }

  harness::ManualClock clock;
  std::string log;
  Record record;
  Runtime runtime{options_for(*this)};
};

}  // namespace troupe::actor_tests
