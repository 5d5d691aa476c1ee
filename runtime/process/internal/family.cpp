// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/family.hpp"

#include "troupe/runtime/fiber/park.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/process/internal/fork_guard.hpp"
#include "troupe/runtime/process/internal/process_host.hpp"

#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGTERM is POSIX

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::process {
namespace {

// How long processes that were sent SIGKILL may take to be gone.
constexpr Duration kKillTime = std::chrono::seconds{5};

}  // namespace

std::shared_ptr<Family> Family::create(RuntimeCore& runtime, Runtime* owner,
                                       const std::shared_ptr<ProcessHost>& host,
                                       FamilyOptions options) {
  auto family = std::make_shared<Family>(runtime, owner, host, std::move(options));
  host->add(family);
  return family;
}

Family::Family(RuntimeCore& runtime, Runtime* owner, std::shared_ptr<ProcessHost> host,
               FamilyOptions options)
    : runtime_(&runtime),
      owner_(owner),
      host_(std::move(host)),
      options_(std::move(options)),
      generation_(fork_generation()) {}

bool Family::is_copy() const {
  return generation_ != fork_generation();
}

Result<RuntimeCore*> Family::usable() const {
  if (auto original = check_not_forked(generation_); !original) return original.error();
  RuntimeCore* const runtime = runtime_;
  if (runtime == nullptr) return Error{Code::closed, "the runtime of this process has ended"};
  return runtime;
}

Result<std::shared_ptr<Child>> Family::start(ProcessOptions options, AnyFunction function,
                                             const Encoded& arguments) {
  const auto runtime = usable();
  if (!runtime) return runtime.error();
  if ((*runtime)->stopping()) return Error{Code::cancelled, "the runtime is stopping"};
  auto id = identify(function);
  if (!id) return id.error();

  auto [name, path] = host_->next_name();
  StartOrder order{std::move(options), std::move(path),     std::move(*id),
                   &arguments,         options_.executable, (*runtime)->log().level()};
  if (order.options.name.empty()) order.options.name = std::move(name);
  StartMethod& method = order.options.start;
  if (method == StartMethod::automatic) method = options_.start;
  if (method == StartMethod::automatic) {
    method = host_->has_zygotes() ? StartMethod::zygote : StartMethod::exec;
  }

  auto started = host_->start(order);
  if (!started) {
    return started.error().within("start process '" + order.options.name + "'");
  }
  auto child =
      std::make_shared<Child>(ChildFacts{order.options.name, started->started.pid,
                                         order.options.detached, order.options.grace},
                              std::move(started->started.pidfd), std::move(started->status));
  const std::lock_guard lock{mutex_};
  children_.push_back(child);
  return child;
}

Result<std::shared_ptr<Child>> Family::start_program(const os::Program& program, ChildFacts facts) {
  const auto runtime = usable();
  if (!runtime) return runtime.error();
  if ((*runtime)->stopping()) return Error{Code::cancelled, "the runtime is stopping"};
  auto started = starter_.start(**runtime, program);
  if (!started) return started.error();
  facts.pid = started->pid;
  auto child = std::make_shared<Child>(std::move(facts), std::move(started->pidfd), UniqueFd{});
  const std::lock_guard lock{mutex_};
  children_.push_back(child);
  return child;
}

Result<Exit> Family::join(Child& child, Deadline until) {
  if (is_copy()) return check_not_forked(generation_).error();
  // At a stop it is only cancelled if there is something to wait for.
  if (auto exit = child.exit()) return std::move(*exit);
  const auto runtime = usable();
  if (!runtime) return runtime.error();
  for (;;) {
    auto parked = park(**runtime, transports::Readiness{child.sentinel(), POLLIN}, until);
    if (auto exit = child.exit()) return std::move(*exit);
    if (!parked) return parked.error().within("join " + child.who());
  }
}

Result<void> Family::signal(Child& child, int number) const {
  return is_copy() ? check_not_forked(generation_) : child.signal(number);
}

std::optional<Exit> Family::exit(Child& child) const {
  return is_copy() ? std::nullopt : child.exit();
}

void Family::let_go(const std::shared_ptr<Child>& child) {
  RuntimeCore* const runtime = runtime_;
  if (is_copy() || runtime == nullptr) return;
  const bool ended =
      child->facts().detached ? child->exit().has_value() : child->end(runtime->poller());
  {
    const std::lock_guard lock{mutex_};
    std::erase(children_, child);
  }
  child->release();
  if (!ended && child->facts().detached && !runtime->stopping()) {
    // So that it leaves no zombie as long as this program runs.
    runtime->executor().execute([runtime, child] {
      (void)park(*runtime, transports::Readiness{child->sentinel(), POLLIN}, forever);
      (void)child->exit();
    });
  }
}

void Family::close() {
  runtime_ = nullptr;
  starter_.close();
}

std::vector<std::shared_ptr<Child>> Family::held() {
  const std::lock_guard lock{mutex_};
  return children_;
}

std::vector<std::shared_ptr<Child>> Family::living() {
  std::vector<std::shared_ptr<Child>> living = held();
  std::erase_if(living, [](const auto& child) { return child->exit().has_value(); });
  return living;
}

StopReport Family::stop(Deadline until) {
  StopReport report;
  RuntimeCore* const runtime = runtime_;
  if (is_copy() || runtime == nullptr) return report;
  auto children = living();
  std::erase_if(children, [](const auto& child) { return child->facts().detached; });
  if (children.empty()) return report;
  for (const auto& child : children) {
    (void)child->tell(SIGTERM);
  }
  const Instant told = runtime->clock().now();
  // The graces run at the same time, so waiting for one after the other costs the longest.
  for (const auto& child : children) {
    const Deadline grace = earlier(Deadline{told + child->facts().grace}, until);
    const bool ended = child->wait(runtime->poller(), grace);
    // Of a group, others may be there still.
    if (!ended || child->facts().leads_group) (void)child->tell(SIGKILL);
    if (ended) continue;
    const bool killed = child->wait(runtime->poller(), kKillTime);
    report.holders.push_back({child->who(), {}, {}, runtime->clock().now() - told, killed});
  }
  return report;
}

}  // namespace troupe::process
