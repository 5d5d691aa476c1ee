// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/signals.hpp"

#include "troupe/base/error.hpp"
#include "troupe/runtime/actor/internal/signal_delivery.hpp"
#include "troupe/runtime/fiber/open_mark.hpp"
#include "troupe/runtime/fiber/park.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/process/exit.hpp"
#include "troupe/runtime/process/signal_box.hpp"

#include <poll.h>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

struct Signals::State {
  RuntimeCore& runtime;
  const std::vector<int> numbers;
  process::SignalBox box;
  std::mutex mutex;
  std::shared_ptr<actor::SignalDelivery> delivery;  // guarded by mutex
  OpenMark open{runtime, [this] { return text(); }};

  State(RuntimeCore& its, std::span<const int> wanted)
      : runtime(its), numbers(wanted.begin(), wanted.end()), box(wanted) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (delivery != nullptr) {
      delivery->end();
    }
  }

  std::string text() const {
    std::string text = "signals";
    for (const int number : numbers) {
      text += " " + signal_name(number);
    }
    return text;
  }
};

Signals::Signals() noexcept = default;
Signals::Signals(RuntimeCore& runtime, std::initializer_list<int> numbers)
    : Signals(runtime, std::span{numbers.begin(), numbers.size()}) {}
Signals::Signals(RuntimeCore& runtime, std::span<const int> numbers)
    : state_(std::make_unique<State>(runtime, numbers)) {}
Signals::Signals(Signals&& other) noexcept = default;
Signals& Signals::operator=(Signals&& other) noexcept = default;
Signals::~Signals() = default;

Result<Signal> Signals::wait(Deadline until) {
  if (state_ == nullptr) {
    return Error{Code::closed, "wait for a signal: this Signals is empty, or was moved away"};
  }
  for (;;) {
    if (const auto signal = state_->box.take()) {
      return *signal;
    }
    if (auto parked = park(state_->runtime, transports::Readiness{state_->box.fd(), POLLIN}, until);
        !parked) {
      return parked.error().within("wait for a signal");
    }
  }
}

std::optional<Signal> Signals::try_take() {
  return state_ != nullptr ? state_->box.take() : std::nullopt;
}

int Signals::ready_fd() const noexcept {
  return state_ != nullptr ? state_->box.fd() : -1;
}

void Signals::deliver_to(const actor::Target& target, actor::WriteSignal write) {
  if (state_ == nullptr || target.cell == nullptr) {
    throw Error{Code::closed, "deliver signals to an actor: the handle is empty"};
  }
  const std::lock_guard lock{state_->mutex};
  if (state_->delivery == nullptr) {
    auto delivery = std::make_shared<actor::SignalDelivery>(state_->numbers);
    delivery->begin(state_->runtime);
    state_->delivery = std::move(delivery);
  }
  state_->delivery->add(target, write);
}

}  // namespace troupe
