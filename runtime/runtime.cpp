// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/runtime.hpp"

#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/flusher.hpp"
#include "troupe/runtime/fiber/open_mark.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"
#include "troupe/runtime/node/internal/hub.hpp"
#include "troupe/runtime/node/reporter.hpp"
#include "troupe/runtime/process/internal/family.hpp"
#include "troupe/runtime/process/internal/newborn.hpp"
#include "troupe/runtime/process/internal/process_host.hpp"
#include "troupe/runtime/process/internal/termination.hpp"
#include "troupe/runtime/queue/internal/registry.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

// Before anything of a Runtime exists: the zygote is to have none of it. A child lives and ends in
// here, with a Runtime that goes through its whole life.
Runtime::Beginning Runtime::enter(int& argc, char** argv, const RuntimeOptions& options) {
  const std::span words{argv, static_cast<std::size_t>(argc)};
  const std::vector<std::string> all{words.begin(), words.end()};  // as an exec is to have them
  ProgramArguments arguments = ProgramArguments::take(argc, argv);
  auto [host, newborn] = process::ProcessHost::enter(all, options.preload);
  if (newborn == nullptr) return {std::move(host), std::move(arguments), false};
  Exit exit;
  {
    RuntimeOptions inherited = options;
    inherited.log_level = static_cast<LogLevel>(newborn->request().log_level);
    inherited.metrics = {};  // the port is the parent's
    Runtime own{{host, std::move(arguments), false}, inherited};
    exit = newborn->run_body(own, own);
    flush_own_buffers();
  }
  newborn->end(exit);
}

Runtime::Runtime(int& argc, char** argv, const RuntimeOptions& options)
    : Runtime(enter(argc, argv, options), options) {
  if (termination_ != nullptr) termination_->speak_for_the_program();
}

Runtime::Runtime(const RuntimeOptions& options)
    : Runtime({process::ProcessHost::join(), ProgramArguments::of_environment(), true}, options) {}

namespace {

Ports ports_of(const RuntimeOptions& options) {
  Ports ports = options.ports ? options.ports() : Ports{};
  if (options.workers != 0) {
    ports.scheduler.workers = options.workers;
  }
  ports.scheduler.own_threads = ports.scheduler.own_threads && options.own_threads;
  return ports;
}

Log log_of(const RuntimeOptions& options, const process::ProcessHost& host) {
  const process::ProcessHost::Identity& own = host.identity();
  const bool is_child = own.starter != 0;
  return Log{options.log, options.log_level,
             is_child || options.name.empty() ? own.name : options.name};
}

Address base_of(const RuntimeOptions& options, const ProgramArguments& arguments) {
  if (!arguments.base.empty()) {
    return arguments.base;
  }
  if (auto valid = options.base.valid(); !options.base.empty() && !valid) {
    throw valid.error().within("make a Runtime: RuntimeOptions::base");
  }
  return options.base.empty() ? Address{"shm:"} : options.base;
}

}  // namespace

Runtime::Runtime(const Beginning& beginning, const RuntimeOptions& options)
    : RuntimeCore(ports_of(options), log_of(options, *beginning.host)),
      name_(options.name.empty() ? beginning.host->identity().name : options.name),
      stop_grace_(options.stop_grace),
      own_threads_(options.own_threads),
      is_embedded_(beginning.is_embedded),
      role_(beginning.arguments.role),
      base_(base_of(options, beginning.arguments)) {
  set_actors(std::make_shared<actor::System>(*this, options.ask_timeout));
  set_nodes(std::make_shared<node::Hub>(*this, name_, options.detection));
  set_queues(std::make_shared<queue::Registry>(*this));
  reporter_ = std::make_unique<node::Reporter>(*this, name_, options.metrics);
  set_family(process::Family::create(*this, this, beginning.host,
                                     {options.start, options.executable.native()}));
  if (options.signals == SignalPolicy::stop_on_terminate) {
    termination_ = std::make_unique<process::TerminationWatch>(*this);
  }
  if (options.inspect != Inspect::off) {
    nodes()->set_report([this](node::Detail detail) { return reporter_->report(detail); });
  }
  scope_.emplace(*this);
  if (options.inspect == Inspect::on) {
    reporter_->open_inspection();
  } else if (options.inspect == Inspect::automatic && !is_embedded_) {
    set_scheduler_started([this] { reporter_->open_inspection(); });
  }
}

Runtime::~Runtime() {
  if (family()->is_copy()) {
    abandon();
    static const auto* const kept = termination_.release();
    static_cast<void>(kept);
    // Its thread is not here, and its socket is the other's.
    // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): without memory the copy ends here
    static auto& kept_reporters = *new std::vector<std::unique_ptr<node::Reporter>>;
    kept_reporters.push_back(std::move(reporter_));
    return;
  }
  finalizers_->run(0, log());
  // An actor that never had a message is there without a scheduler.
  if (started_scheduler() != nullptr || actors()->living() > 0 || !family()->living().empty()) {
    const StopReport report = stop(stop_grace_);
    for (const StopReport::Holder& holder : report.holders) {
      log().write(LogLevel::warning, "at the end: " + StopReport{{holder}}.text());
    }
  }
  nodes()->close();
  request_stop();
  queues()->close();
  finalizers_->run(std::numeric_limits<int>::min(), log());
  for (const std::string& thing : leaks().things) {
    log().write(LogLevel::warning, "at the end of runtime '" + name_ + "': " + thing +
                                       " is still open; close or destroy it before its Runtime");
  }
  nodes()->set_report({});
  reporter_.reset();  // it looks at the workers
  // One that waits for what no stop ends, such as a system call, has no worker any more, but a
  // stack.
  const bool some_wait = actors()->living() > 0;
  if (stop_scheduler(std::chrono::milliseconds{100}, some_wait) || some_wait) {
    // They stand on their cells: these stay, as their stacks do.
    // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): without memory the program ends here
    static auto& kept = *new std::vector<std::shared_ptr<actor::System>>;
    kept.push_back(actors());
  }
  family()->close();
}

StopReport Runtime::stop(Deadline until) {
  finalizers_->run(0, log());
  // Half of the time to finish what was begun; nothing new is begun from outside.
  if (!stopping()) {
    (void)actors()->drain(Deadline{until.is_never() ? Duration::max() : until.left() / 2});
  }
  nodes()->close();
  if (const Duration left = until.left(); !until.is_never()) {
    actors()->end_by(left - left / 8);  // the rest is for their ends
  }
  request_stop();
  queues()->close();
  StopReport report;
  report.holders = actors()->stop(until);
  StopReport processes = family()->stop(until);
  std::ranges::move(processes.holders, std::back_inserter(report.holders));
  finalizers_->run(std::numeric_limits<int>::min(), log());
  return report;
}

Finalizer Runtime::at_exit(int priority, std::function<void()> function) {
  return finalizers_->add(priority, std::move(function));
}

LeakReport Runtime::leaks() const {
  LeakReport report{open_marks()->texts()};
  for (const auto& child : family()->held()) {
    report.things.push_back("process " + child->who());
  }
  for (const ActorStats& actor : stats().actors) {
    report.things.push_back("actor " + actor.type + " " +
                            (actor.name.empty() ? actor.id.text() : "\"" + actor.name + "\""));
  }
  return report;
}

Result<Address> Runtime::listen(const Address& address, const ConnectOptions& options) {
  return nodes()->listen(address, options);
}

Result<Node> Runtime::connect(const Address& address, const ConnectOptions& options,
                              Deadline until) {
  auto reaching = node::reach(*this, address, options);
  if (auto link = node::link_of(*reaching, until); !link) {
    return link.error();
  }
  return Node{std::move(reaching)};
}

Stats Runtime::stats() const {
  return actors()->stats();
}

std::string Runtime::open_metrics() const {
  return actors()->open_metrics();
}

void Runtime::set_ready(bool ready) noexcept {
  reporter_->set_ready(ready);
}

Address Runtime::metrics_address() const {
  return reporter_->metrics_address();
}

std::size_t Runtime::poll_once() {
  return scheduler().poll_once();
}

int Runtime::fd() {
  return scheduler().fd();
}

Runtime& Context::runtime() const {
  return *runtime_of(*this).family()->owner();
}

Runtime* Runtime::current() noexcept {
  const RuntimeCore* const core = RuntimeCore::current();
  return core != nullptr && core->family() != nullptr ? core->family()->owner() : nullptr;
}

}  // namespace troupe
