// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/process.hpp"

#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/process/internal/child.hpp"
#include "troupe/runtime/process/internal/family.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGTERM is POSIX

namespace troupe {
namespace {

Error empty_process() {
  return Error{Code::closed, "this Process is empty: it was moved from, or never started"};
}

}  // namespace

Process::Process() noexcept = default;
Process::Process(std::shared_ptr<process::Family> family,
                 std::shared_ptr<process::Child> child) noexcept
    : family_(std::move(family)), child_(std::move(child)) {}
Process::Process(Process&& other) noexcept = default;

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    let_go();
    family_ = std::move(other.family_);
    child_ = std::move(other.child_);
  }
  return *this;
}

Process::~Process() {
  let_go();
}

void Process::let_go() noexcept {
  if (const auto child = std::move(child_); child != nullptr) {
    family_->let_go(child);
  }
}

Result<RuntimeCore*> Process::current_runtime() {
  if (RuntimeCore* const runtime = RuntimeCore::current(); runtime != nullptr) return runtime;
  return Error{Code::invalid_argument,
               "start a process: this thread has no current runtime; name one, or make a "
               "Runtime::Scope"};
}

Result<Process> Process::start_encoded(RuntimeCore& runtime, ProcessOptions options,
                                       AnyFunction entry, const Result<Encoded>& arguments) {
  if (!arguments) return arguments.error().within("start a process");
  const auto& family = runtime.family();
  if (family == nullptr) {
    return Error{Code::invalid_argument, "start a process: this runtime has no processes"};
  }
  auto child = family->start(std::move(options), entry, *arguments);
  if (!child) return child.error();
  return Process{family, std::move(*child)};
}

Result<Exit> Process::join(Deadline until) {
  if (child_ == nullptr) return empty_process();
  return family_->join(*child_, until);
}

Result<void> Process::signal(int number) {
  if (child_ == nullptr) return empty_process();
  return family_->signal(*child_, number);
}

Result<void> Process::terminate() {
  return signal(SIGTERM);
}
Result<void> Process::kill() {
  return signal(SIGKILL);
}
Result<void> Process::interrupt() {
  return signal(SIGINT);
}

bool Process::is_alive() const {
  return child_ != nullptr && !family_->exit(*child_);
}

std::optional<Exit> Process::exit() const {
  return child_ != nullptr ? family_->exit(*child_) : std::nullopt;
}

pid_t Process::pid() const noexcept {
  return child_ != nullptr ? child_->facts().pid : 0;
}

const std::string& Process::name() const noexcept {
  static const std::string nobody;
  return child_ != nullptr ? child_->facts().name : nobody;
}

int Process::sentinel() const noexcept {
  return child_ != nullptr ? child_->sentinel() : -1;
}

}  // namespace troupe
