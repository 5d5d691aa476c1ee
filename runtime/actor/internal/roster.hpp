// SPDX-License-Identifier: Apache-2.0
#pragma once

// Roster: the children of a supervisor, as they are to be, and as they are known from outside. It
// outlives the incarnations of the supervisor (see supervising.hpp), each of which begins by taking
// it over.

#include "troupe/runtime/actor/internal/seat.hpp"
#include "troupe/runtime/actor/supervisor.hpp"
#include "troupe/runtime/fiber/change.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::actor {

struct ChildSpec {
  std::string name;
  ChildOptions options;
  StartChild start;
  std::shared_ptr<Seat> seat;
  std::shared_ptr<Roster> branch;  // of a supervisor; null: an ordinary child
};

// Thread-safe. What an incarnation that is no longer the current one says does not count.
class Roster final {
 public:
  Roster(System& system, SupervisorOptions options, bool is_root);

  System& system() const noexcept { return system_; }
  const SupervisorOptions& options() const noexcept { return options_; }
  bool is_root() const noexcept { return is_root_; }
  std::string text() const;

  // Its actor; set before anybody else knows it.
  Naming actor;

  // ---- outside ----
  std::shared_ptr<Seat> seat(std::string_view name);
  std::vector<ChildState> children() const;
  // See Supervisor::wait; only_end: until it has ended.
  Result<Exit> wait(Deadline until, bool only_end);
  // Waits until each child of that name, and of those named after it ("name-1"), of which there is
  // at least one, has ended for good: normal, or as the first of them that failed. Or until the
  // supervisor has ended before.
  Result<Exit> wait_for(std::string_view name, Deadline until);
  // Those that did not end in time, of its branches too; with those that run, when nobody will
  // stop them any more.
  std::vector<StopReport::Holder> holders(bool running_too) const;

  // ---- the supervisor ----
  // Begins an incarnation. Returns its number, and the children that have not ended for good.
  std::uint64_t begin(std::vector<std::shared_ptr<const ChildSpec>>& children);
  bool is_current(std::uint64_t incarnation) const;
  // Errors: exists.
  Result<void> add(std::uint64_t incarnation, const std::shared_ptr<const ChildSpec>& child);
  void started(std::uint64_t incarnation, const ChildSpec& child, const Target& target,
               int restarts);
  // Nothing: the start failed, and it is no child.
  void remove(std::uint64_t incarnation, const ChildSpec& child);
  void ended(std::uint64_t incarnation, const ChildSpec& child, const Exit& reason, bool for_good);
  // Did not end in time.
  void abandoned(std::uint64_t incarnation, const ChildSpec& child, Duration grace, bool for_good);
  // It will not be started again, nor will its children.
  void close(const Exit& reason);

 private:
  struct Child {
    std::shared_ptr<const ChildSpec> spec;
    ChildState state;
    Target target;
    bool for_good = false;
  };

  Child* find(std::uint64_t incarnation, const ChildSpec& spec) noexcept;
  bool all_ended() const noexcept;
  // Of those that `name` means. Nothing: some run, or there are none.
  std::optional<Exit> end_of(std::string_view name) const;
  static void close_seats(const ChildSpec& spec, const Exit& reason);

  System& system_;
  const SupervisorOptions options_;
  const bool is_root_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::uint64_t incarnation_ = 0;
  std::vector<Child> children_;
  std::map<std::string, std::shared_ptr<Seat>, std::less<>> seats_;
  std::vector<StopReport::Holder> holders_;
  std::optional<Exit> end_;
  fiber::Change change_;
};

}  // namespace troupe::actor
