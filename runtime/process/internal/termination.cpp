// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/termination.hpp"

#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/process/internal/job_control.hpp"

#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGTSTP is POSIX
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

namespace troupe::process {
namespace {

// Whether this program is to end by SIGINT. Of the process, as its status is.
std::atomic<bool> interrupted{false};

std::vector<int> watched() {
  std::vector<int> numbers;
  for (const int number : {SIGINT, SIGTERM}) {
    if (disposition_of(number) != Disposition::ignored) numbers.push_back(number);
  }
  // A program with a handler for it does what else there is to be done.
  if (disposition_of(SIGTSTP) == Disposition::standard) numbers.push_back(SIGTSTP);
  return numbers;
}

// The last of the exit handlers that were registered since: what the program has to write is
// written. A status of its own stays.
void end_as_interrupted(int status, void* pid) noexcept {
  if (status != 0 || !interrupted ||
      static_cast<std::intptr_t>(::getpid()) != reinterpret_cast<std::intptr_t>(pid)) {
    return;
  }
  std::fflush(nullptr);
  take_default(SIGINT);
}

}  // namespace

TerminationWatch::TerminationWatch(RuntimeCore& runtime)
    : state_(std::make_shared<State>(watched())) {
  runtime.executor().execute([&runtime, state = state_] {
    while (!state->ended) {
      std::array items{PollItem{{state->box.fd(), POLLIN}}};
      (void)runtime.poller().wait(items, forever);
      while (const auto signal = state->box.take()) {
        if (signal->number == SIGTSTP) {
          suspend_with_children();
          continue;
        }
        const std::lock_guard lock{state->lock};
        if (state->call) {
          state->call();
        } else {
          runtime.request_stop();
        }
      }
    }
  });
}

TerminationWatch::~TerminationWatch() {
  state_->box.leave();
  if (speaks_) interrupted = state_->box.interrupted();
  state_->ended = true;
  state_->box.ring();
}

void TerminationWatch::on_termination(std::function<void()> call) {
  const std::lock_guard lock{state_->lock};
  state_->call = std::move(call);
}

void TerminationWatch::speak_for_the_program() {
  speaks_ = true;
  static std::once_flag once;
  std::call_once(once, [] {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): a number is all that it takes
    ::on_exit(&end_as_interrupted, reinterpret_cast<void*>(std::intptr_t{::getpid()}));
  });
}

}  // namespace troupe::process
