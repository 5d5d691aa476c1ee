// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/supervisor.hpp"

#include "troupe/base/check.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/roster.hpp"
#include "troupe/runtime/actor/internal/supervising.hpp"
#include "troupe/runtime/actor/internal/watching.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace troupe {
namespace actor {
namespace {

System& actors_of(RuntimeCore& runtime) {
  TROUPE_CHECK(runtime.actors() != nullptr && "this runtime can have actors");
  return *runtime.actors();
}

Error closed_error(const std::string& name) {
  return {Code::closed, "add the child \"" + name + "\": the supervisor is empty or has ended"};
}

Result<Naming> add(Roster& roster, ChildSpec spec) {
  auto child = std::make_shared<ChildSpec>(std::move(spec));
  child->seat = roster.seat(child->name);
  const Naming naming{child->seat, {}};
  auto added = Named<Supervising>{roster.actor}.ask(AddChild{std::move(child)}, forever);
  if (!added) {
    return added.error();
  }
  return naming;
}

std::shared_ptr<Roster> make_root(RuntimeCore& runtime, SupervisorOptions options, Cell* parent) {
  auto roster = std::make_shared<Roster>(actors_of(runtime), std::move(options), true);
  ActorOptions its;
  its.name = roster->options().name;
  roster->actor = {nullptr, spawn<Supervising>(runtime, &its, parent, roster)};
  return roster;
}

// Waits for the end of children, and tells of it.
class TellingOfTheEnd final {
 public:
  TellingOfTheEnd(std::shared_ptr<Roster> roster, std::string child,
                  std::function<void(const Exit&)> done)
      : roster_(std::move(roster)), child_(std::move(child)), done_(std::move(done)) {}

  void started(Context& context) {
    if (const auto end = roster_->wait_for(child_, forever)) {
      done_(*end);
    }
    context.stop();
  }

 private:
  const std::shared_ptr<Roster> roster_;
  const std::string child_;
  const std::function<void(const Exit&)> done_;
};

}  // namespace

RuntimeCore& runtime_of(Cell& cell) {
  return cell.system().runtime();
}

Result<Naming> add_child(const std::shared_ptr<Roster>& roster, std::string name,
                         const ChildOptions& options, StartChild start) {
  if (roster == nullptr) {
    return closed_error(name);
  }
  return add(*roster, {std::move(name), options, std::move(start), nullptr, nullptr});
}

Started start_apart(Cell& supervisor, const ChildStart& its, const ActorType& type,
                    const Interface& interface,
                    const std::function<Result<std::shared_ptr<RemoteLink>>()>& begin) {
  Spawning spawning{runtime_of(supervisor), type, &its.options, &supervisor};
  spawning.supervise(its.seat, interface, its.restarts);
  try {
    auto link = begin().value();
    spawning.reach(make_remote(link));
    ::new (spawning.memory()) Proxy(std::move(link));
  } catch (...) {
    return {spawning.failed(), false, false};
  }
  return {spawning.ready(), true, false};  // a proxy goes on starting until it ends
}

ProcessActorOptions options_apart(const ChildStart& its) {
  ProcessActorOptions options;
  options.name = its.options.name;
  options.mailbox = its.options.mailbox;
  options.grace = its.grace - its.grace / 8;  // the rest is for being killed
  return options;
}

ProcessOptions process_options(const ChildStart& its) {
  ProcessOptions options;
  options.name = its.options.name;
  options.grace = Duration::zero();
  return options;
}

Naming child(Roster& roster, std::string_view name) {
  return {roster.seat(name), {}};
}

}  // namespace actor

// ---- Branch ------------------------------------------------------------------------------------

Result<Branch> Branch::add_supervisor(std::string name, SupervisorOptions options) {
  if (roster_ == nullptr) {
    return actor::closed_error(name);
  }
  if (options.name.empty()) {
    options.name = name;
  }
  ChildOptions child;
  child.grace = options.grace;
  auto branch = std::make_shared<actor::Roster>(roster_->system(), std::move(options), false);
  branch->actor.seat = roster_->seat(name);
  // The roster holds on to the branch, and not the other way round.
  auto added = actor::add(
      *roster_,
      {std::move(name), child, actor::start_with<actor::Supervising>(branch), nullptr, branch});
  if (!added) {
    return added.error();
  }
  return Branch{std::move(branch)};
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): of a std::function, which has what it copies

void Branch::when_done(std::string_view child, std::function<void(const Exit&)> done) const {
  if (roster_ == nullptr) {
    return;
  }
  ActorOptions its;
  its.name = "end of " + std::string{child};
  (void)actor::spawn<actor::TellingOfTheEnd>(roster_->system().runtime(), &its, nullptr, roster_,
                                             std::string{child}, std::move(done));
}

std::vector<ChildState> Branch::children() const {
  return roster_ != nullptr ? roster_->children() : std::vector<ChildState>{};
}

// ---- Supervisor --------------------------------------------------------------------------------

Supervisor::Supervisor(RuntimeCore& runtime, SupervisorOptions options)
    : root_(actor::make_root(runtime, std::move(options), nullptr)) {}

Supervisor::Supervisor(Context& parent, SupervisorOptions options)
    : root_(actor::make_root(runtime_of(parent), std::move(options), &parent.cell())) {}

Supervisor& Supervisor::operator=(Supervisor&& other) noexcept {
  std::swap(root_, other.root_);
  return *this;
}

Supervisor::~Supervisor() {
  if (root_.roster_ != nullptr) {
    (void)stop(root_.roster_->options().grace);
  }
}

Result<Exit> Supervisor::wait(Deadline until) {
  const std::shared_ptr<actor::Roster> roster = root_.roster_;
  if (roster == nullptr) {
    return Error{Code::closed, "wait for a supervisor: it was moved from"};
  }
  return roster->wait(until, false);
}

StopReport Supervisor::stop(Deadline until) {
  StopReport report;
  // Ours, too: who waits for the same end may let go of the supervisor before this has gone on.
  const std::shared_ptr<actor::Roster> roster = root_.roster_;
  if (roster == nullptr) {
    return report;
  }
  const Ref<actor::Supervising> supervising{roster->actor.target};
  (void)supervising.send(actor::ShutDown{true, until});
  const bool ended = roster->wait(until, true).has_value();
  if (!ended) {
    actor::tell_to_stop(supervising.target(), {}, Deadline::at_once());
  }
  report.holders = roster->holders(!ended);
  return report;
}

}  // namespace troupe
