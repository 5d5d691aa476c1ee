// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/process_host.hpp"

#include "troupe/base/os/thread_count.hpp"
#include "troupe/runtime/process/internal/family.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace troupe::process {
namespace {

// The one of this process: which zygote and which parent it has is a fact of the process.
struct Place {
  std::mutex mutex;
  std::weak_ptr<ProcessHost> host;  // guarded by mutex
};
Place& place() {
  static Place only;
  return only;
}

std::shared_ptr<ProcessHost> settle(std::shared_ptr<ProcessHost> host) {
  const std::lock_guard lock{place().mutex};
  place().host = host;
  return host;
}

std::shared_ptr<ProcessHost> made_by_main(const std::vector<std::string>& arguments,
                                          std::unique_ptr<ZygoteLink> zygote) {
  return settle(std::make_shared<ProcessHost>(ProcessHost::Identity{"main", "", 0}, arguments,
                                              std::move(zygote)));
}

ProcessHost::Entry born(UniqueFd control, Packet packet,
                        const std::vector<std::string>& arguments) {
  auto newborn = Newborn::settle(std::move(control), std::move(packet));
  const StartRequest& request = newborn->request();
  auto host = settle(std::make_shared<ProcessHost>(
      ProcessHost::Identity{request.name, request.path, request.starter}, arguments, nullptr));
  return {std::move(host), std::move(newborn)};
}

// A program that was executed to be one child. What a zygote would have done, it does itself.
ProcessHost::Entry born_by_exec(UniqueFd control, const std::vector<std::string>& arguments,
                                const std::function<void()>& preload) {
  auto packet = receive_packet(control.get());
  if (!packet) ::_exit(1);
  if (const auto unfit = run_preload(preload)) {
    (void)send_refusal(control.get(), *unfit, ::getpid());
    ::_exit(1);
  }
  return born(std::move(control), std::move(*packet), arguments);
}

// A copy of one of our standard outputs; empty when there is none. What is close-on-exec is not
// meant for children: some descriptor that took the place of a closed output.
UniqueFd output_to_pass(int number) {
  const int flags = ::fcntl(number, F_GETFD);
  if (flags < 0 || (flags & FD_CLOEXEC) != 0) return {};
  auto copy = UniqueFd::duplicate(number);
  return copy ? std::move(*copy) : UniqueFd{};
}

StartFds fds_for(StartRequest& request, UniqueFd status) {
  StartFds fds{output_to_pass(STDOUT_FILENO), output_to_pass(STDERR_FILENO), std::move(status), {}};
  request.has_output = static_cast<bool>(fds.output);
  request.has_error_output = static_cast<bool>(fds.error_output);
  return fds;
}

bool on_main_thread() noexcept {
  return ::gettid() == ::getpid();
}

}  // namespace

ProcessHost::ProcessHost(Identity identity, std::vector<std::string> arguments,
                         std::unique_ptr<ZygoteLink> zygote)
    : identity_(std::move(identity)),
      zygote_(std::move(zygote)),
      arguments_(std::move(arguments)) {}

std::shared_ptr<ProcessHost> ProcessHost::current() {
  const std::lock_guard lock{place().mutex};
  return place().host.lock();
}

std::shared_ptr<ProcessHost> ProcessHost::join() {
  if (auto host = current()) return host;
  return made_by_main({}, nullptr);
}

ProcessHost::Entry ProcessHost::enter(const std::vector<std::string>& arguments,
                                      const std::function<void()>& preload) {
  UniqueFd control;
  if (const auto role = claim_role(control)) {
    if (*role == Role::child) return born_by_exec(std::move(control), arguments, preload);
    auto birthright = serve_as_zygote(std::move(control), preload);
    return born(std::move(birthright.control), std::move(birthright.packet), arguments);
  }
  if (auto host = current()) {
    host->set_arguments(arguments);
    return {std::move(host), nullptr};
  }
  if (os::thread_count() > 1) return {made_by_main(arguments, nullptr), nullptr};
  auto copied = ZygoteLink::copy_process(preload);
  if (!copied) return {made_by_main(arguments, nullptr), nullptr};  // tried again when needed
  if (auto* const birthright = std::get_if<Birthright>(&*copied)) {
    return born(std::move(birthright->control), std::move(birthright->packet), arguments);
  }
  return {made_by_main(arguments, std::move(std::get<0>(*copied))), nullptr};
}

ProcessHost::ChildName ProcessHost::next_name() {
  const std::string number = std::to_string(++names_);
  const std::string path = identity_.path.empty() ? number : identity_.path + ":" + number;
  return {"Process-" + path, path};
}

bool ProcessHost::has_zygotes() {
  return !arguments().empty();
}

void ProcessHost::set_arguments(const std::vector<std::string>& arguments) {
  const std::lock_guard lock{mutex_};
  arguments_ = arguments;
}

std::vector<std::string> ProcessHost::arguments() {
  const std::lock_guard lock{mutex_};
  return arguments_;
}

void ProcessHost::add(const std::shared_ptr<Family>& family) {
  const std::lock_guard lock{mutex_};
  std::erase_if(families_, [](const auto& known) { return known.expired(); });
  families_.push_back(family);
}

std::vector<std::shared_ptr<Child>> ProcessHost::living() {
  std::vector<std::shared_ptr<Family>> families;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& known : families_) {
      if (auto family = known.lock()) families.push_back(std::move(family));
    }
  }
  std::vector<std::shared_ptr<Child>> living;
  for (const auto& family : families) {
    std::ranges::move(family->living(), std::back_inserter(living));
  }
  return living;
}

std::vector<pid_t> ProcessHost::children() {
  std::vector<pid_t> pids;
  for (const auto& child : living()) {
    pids.push_back(child->facts().pid);
  }
  return pids;
}

Result<StartedProcess> ProcessHost::start(const StartOrder& order) {
  StartRequest request;
  request.name = order.options.name;
  request.path = order.path;
  request.starter = ::getpid();
  request.detached = order.options.detached;
  request.function = order.function;
  request.log_level = static_cast<std::uint8_t>(order.log_level);
  if (order.options.start == StartMethod::exec) {
    return start_by_exec(request, order);
  }
  if (!has_zygotes()) {
    return Error{
        Code::refused,
        "there is no zygote without a troupe::Runtime{argc, argv} in main; use StartMethod::exec"};
  }
  const std::lock_guard lock{zygote_mutex_};
  return start_from_zygote(request, order);
}

// A zygote that was killed is replaced, once: by executing the program, since a copy of this
// process as it is now would be of no use.
Result<StartedProcess> ProcessHost::start_from_zygote(StartRequest& request,
                                                      const StartOrder& order) {
  for (;;) {
    if (zygote_ == nullptr) {
      auto made = ZygoteLink::execute(order.executable, arguments());
      if (!made) return made.error();
      zygote_ = std::move(*made);
    }
    auto pipe = make_status_pipe();
    if (!pipe) return pipe.error();
    StartFds fds = fds_for(request, std::move(pipe->writer));
    auto answer = zygote_->start(request, fds, *order.arguments, pipe->reader.get());
    if (auto* const started = std::get_if<Result<Started>>(&answer)) {
      if (!*started) return started->error();
      return StartedProcess{std::move(**started), std::move(pipe->reader)};
    }
    zygote_.reset();
    if (auto& lost = std::get<ZygoteLink::Lost>(answer); lost.for_good) return std::move(lost.why);
  }
}

Result<StartedProcess> ProcessHost::start_by_exec(StartRequest& request, const StartOrder& order) {
  auto pipe = make_status_pipe();
  if (!pipe) return pipe.error();
  auto launched = launch(Role::child, order.executable, arguments());
  if (!launched) return launched.error();
  StartFds fds = fds_for(request, std::move(pipe->writer));
  request.dies_with_thread = on_main_thread();
  auto sent = send_request(launched->control.get(), request, fds, *order.arguments);
  fds.status.reset();
  auto reply = sent ? await_reply(launched->control.get(), pipe->reader.get())
                    : Reply{Reply::Kind::unheard, {}, sent.error()};
  switch (reply.kind) {
    case Reply::Kind::started:
      return StartedProcess{std::move(reply.started), std::move(pipe->reader)};
    case Reply::Kind::refused:
      return std::move(*reply.why);
    case Reply::Kind::unheard:
      break;
  }
  return never_checked_in(launched->program, launched->process.pid, launched->process.pidfd.get());
}

}  // namespace troupe::process
