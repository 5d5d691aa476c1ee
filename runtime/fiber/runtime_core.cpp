// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/runtime_core.hpp"

#include "troupe/base/check.hpp"
#include "troupe/runtime/fiber/flusher.hpp"
#include "troupe/runtime/fiber/open_mark.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"
#include "troupe/transports/catalog.hpp"

#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <tuple>
#include <utility>

namespace troupe {
namespace {

// The current runtime, which is ambient by design.
thread_local RuntimeCore* current_runtime = nullptr;

// Polling for a peer that can only run once we stop polling is of no use.
bool has_several_cpus() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  return ::sched_getaffinity(0, sizeof cpus, &cpus) == 0 && CPU_COUNT(&cpus) > 1;
}

Life life_of_this_process() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return {static_cast<std::uint64_t>(
              std::chrono::duration_cast<std::chrono::nanoseconds>(since_1970).count()),
          ::getpid()};
}

UniqueFd make_stop_fd() {
  UniqueFd fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!fd) {
    throw Error::system("make a Runtime: eventfd", errno);
  }
  return fd;
}

}  // namespace

RuntimeCore::RuntimeCore(Ports ports, Log log)
    : clock_(ports.clock != nullptr ? ports.clock : &Clock::system()),
      random_(ports.random != nullptr ? ports.random : &Random::system()),
      executor_(ports.executor ? std::move(ports.executor) : Executor::of_threads("troupe")),
      poller_(ports.poller ? std::move(ports.poller) : Poller::of_threads()),
      may_spin_(ports.spin && has_several_cpus()),
      life_(ports.life ? *ports.life : life_of_this_process()),
      log_(std::move(log)),
      open_marks_(std::make_shared<OpenMarks>()),
      stop_fd_(make_stop_fd()),
      transports_(transports::Catalog::standard()),
      flusher_(std::make_unique<Flusher>(*executor_, *poller_)),
      scheduler_options_(std::move(ports.scheduler)) {}

RuntimeCore::~RuntimeCore() {
  TROUPE_CHECK(scheduler_ == nullptr && "stop_scheduler() comes first");
  flusher_.reset();   // ends its thread,
  executor_.reset();  // which this waits for
}

void RuntimeCore::abandon() noexcept {
  // Kept where a leak checker sees them; the copy ends soon, or executes another program.
  // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): without memory the copy ends here
  static auto& kept = *new std::tuple<std::unique_ptr<Executor>, std::unique_ptr<Flusher>,
                                      std::unique_ptr<fiber::Scheduler>>;
  kept = {std::move(executor_), std::move(flusher_), std::move(scheduler_)};
}

fiber::Scheduler& RuntimeCore::scheduler() {
  std::call_once(scheduler_once_, [this] {
    scheduler_ = std::make_unique<fiber::Scheduler>(*this, scheduler_options_);
    started_scheduler_.store(scheduler_.get());
    if (scheduler_was_started_) {
      scheduler_was_started_();
    }
  });
  return *scheduler_;
}

fiber::Scheduler* RuntimeCore::driven_here() noexcept {
  if (scheduler_options_.own_threads) {
    return nullptr;
  }
  fiber::Scheduler* its = started_scheduler();
  if (its == nullptr && !stopping() && std::this_thread::get_id() == maker_) {
    try {
      its = &scheduler();
    } catch (const Error& error) {
      log_.write(error.what());
    }
  }
  return its != nullptr && its->is_driven_here() ? its : nullptr;
}

bool RuntimeCore::stop_scheduler(Deadline until, bool some_wait) {
  if (scheduler_ == nullptr) {
    return false;
  }
  const bool stuck = !scheduler_->stop(until).empty();
  started_scheduler_.store(nullptr);
  if (!stuck && !some_wait) {
    scheduler_.reset();
  } else {
    // What does not end stands on it; kept where a leak checker sees it.
    // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): without memory the program ends here
    static auto& kept = *new std::vector<std::unique_ptr<fiber::Scheduler>>;
    static std::mutex mutex;
    const std::lock_guard lock{mutex};
    kept.push_back(std::move(scheduler_));
  }
  return stuck;
}

void RuntimeCore::request_stop() noexcept {
  stop_.request_stop();
  if (fiber::Scheduler* const scheduler = started_scheduler(); scheduler != nullptr) {
    scheduler->cancel_waits();
  }
  const std::uint64_t one = 1;
  TROUPE_CHECK(::write(stop_fd_.get(), &one, sizeof one) == sizeof one || errno == EAGAIN);
}

RuntimeCore* RuntimeCore::current() noexcept {
  return current_runtime;
}

RuntimeCore::Scope::Scope(RuntimeCore& runtime) noexcept
    : outer_(std::exchange(current_runtime, &runtime)), clock_(runtime.clock()) {}

RuntimeCore::Scope::~Scope() {
  current_runtime = outer_;
}

}  // namespace troupe
