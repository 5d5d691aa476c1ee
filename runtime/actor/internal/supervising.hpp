// SPDX-License-Identifier: Apache-2.0
#pragma once

// Supervising: the actor that a supervisor is; one object for each incarnation. It never waits: it
// is told of each start (ChildStarted), of each end (Down) and of each time that has come. What is
// to be done next follows from the phases of its children.

#include "troupe/runtime/actor/context.hpp"
#include "troupe/runtime/actor/internal/control.hpp"
#include "troupe/runtime/actor/internal/roster.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::actor {

// To the supervisor: the started() of its child with that number has returned.
std::unique_ptr<Control> child_started(std::uint64_t number);

struct AddChild {
  std::shared_ptr<const ChildSpec> child;
};
// To be stopped: the children by the deadline, then itself.
struct ShutDown {
  bool for_good;  // false: it will be started again
  Deadline until;
};
// The time has come for what has this turn.
struct StartAgain {
  std::uint64_t turn;
};
struct GraceOver {
  std::uint64_t turn;
};

class Supervising final {
 public:
  explicit Supervising(std::shared_ptr<Roster> roster) : roster_(std::move(roster)) {}

  void started(Context& context);
  void stopped(Context& context, const Exit& reason);

  Result<void> handle(AddChild request, Context& context);
  void handle(ShutDown request, Context& context);
  void handle(StartAgain request, Context& context);
  void handle(GraceOver request, Context& context);
  void handle(Down down, Context& context);
  void child_has_started(std::uint64_t number, Context& context);
  // Once all its children have started, the supervisor above is to be told this.
  void tell_of_start(const Target& above, std::unique_ptr<Control> notice);

 private:
  enum class Phase : std::uint8_t {
    waiting,   // to be started again: alone, at its turn, or with others
    due,       // to be started as soon as no other is starting
    starting,  // made; its started() has yet to return
    running,
    stopping,  // told to; its end, or GraceOver, follows
    ended,     // for good
  };
  enum class Mode : std::uint8_t {
    each_alone,
    regrouping,  // those from first_ on are stopped, then started
    closing,     // all are stopped, then it ends
  };
  struct Child {
    std::shared_ptr<const ChildSpec> spec;
    Phase phase = Phase::waiting;
    Target target{};
    std::uint64_t turn = 0;  // of what it waits for
    Instant since{};         // when it was started
    int restarts = 0;
    int failures = 0;  // in a row
    Duration grace{};
    Timer timer{};  // of its turn
  };

  bool start(Child& child, Context& context);
  void start_from(std::size_t first, Context& context);
  void start_due(Context& context);
  Child* starting() noexcept;
  bool any_to_start() const noexcept;
  void say_started() noexcept;
  void stop(Child& child, Context& context);
  static void end_for_good(Child& child);
  void forget_ended(std::string_view name);
  // What comes after a child has ended.
  void go_on(Context& context);
  void close(bool for_good, Deadline until);
  void restart(std::size_t which, const Exit& reason, Context& context);
  bool is_too_often(Instant now);
  Duration next_backoff(Child& child, Instant now) const;
  bool returns(const Child& child, const Exit& reason) const;
  bool ends_for_good(const Child& child) const;
  void log(const std::string& line) const;

  const std::shared_ptr<Roster> roster_;
  std::uint64_t incarnation_ = 0;
  std::vector<Child> children_;
  std::deque<Instant> restarts_;  // within the last `within`
  std::uint64_t turn_ = 0;        // the last one given
  Mode mode_ = Mode::each_alone;
  Target above_{};
  std::unique_ptr<Control> start_notice_;  // for it; null: it knows, or there is none
  // regrouping
  std::size_t first_ = 0;
  Duration backoff_{};
  std::uint64_t group_turn_ = 0;  // 0: some are still to end
  // closing
  bool for_good_ = true;
  Deadline until_ = forever;
  std::string failure_;  // why it gives up; empty: it was told to stop
};

}  // namespace troupe::actor
