// SPDX-License-Identifier: Apache-2.0
// Runtime: a program that has roles, one of which it is started in.
#include "troupe/base/os/masked_thread.hpp"
#include "troupe/runtime/fiber/waiter.hpp"
#include "troupe/runtime/process/internal/termination.hpp"
#include "troupe/runtime/runtime.hpp"

#include <sysexits.h>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace troupe {
namespace {

// Stops the runtime when the role has returned, or a signal asks for it: then on a thread of its
// own, so that actors finish what was begun while the role still waits.
class Stopping final {
 public:
  Stopping(Runtime& runtime, Duration grace)
      : runtime_(runtime),
        grace_(grace),
        thread_(os::masked_thread("troupe-stop", [this] { run(); })) {}

  void ask() {
    const std::lock_guard lock{mutex_};
    if (returned_) {
      runtime_.request_stop();  // it is being stopped: faster, then
      return;
    }
    asked_ = true;
    change_.notify_one();
  }
  StopReport finish() {
    {
      const std::lock_guard lock{mutex_};
      returned_ = true;
      change_.notify_one();
    }
    thread_.join();
    return asked_ ? std::move(report_) : runtime_.stop(Deadline{grace_});
  }

 private:
  void run() {
    {
      std::unique_lock lock{mutex_};
      change_.wait(lock, [this] { return asked_ || returned_; });
      if (!asked_) {
        return;
      }
    }
    report_ = runtime_.stop(Deadline{grace_});
  }

  Runtime& runtime_;
  const Duration grace_;
  StopReport report_;
  std::mutex mutex_;
  std::condition_variable change_;
  // Guarded by mutex_.
  bool asked_ = false;
  bool returned_ = false;
  std::thread thread_;
};

int status_of(const Error& error) {
  switch (error.code()) {
    case Code::refused:
    case Code::invalid_argument:
    case Code::malformed:
    case Code::failed:
      return EX_CONFIG;
    default:
      return EX_TEMPFAIL;
  }
}

Result<void> perform(const Runtime::Role& role, Runtime& runtime) {
  try {
    return role(runtime);
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& thrown) {
    return Error{Code::failed, std::string{"it threw: "} + thrown.what()};
  } catch (...) {
    return Error{Code::failed, "it threw"};
  }
}

std::string names_of(const std::map<std::string, Runtime::Role>& roles) {
  std::string names;
  for (const auto& [name, role] : roles) {
    names += (names.empty() ? "" : ", ") + name;
  }
  return names;
}

}  // namespace

int Runtime::run(const std::map<std::string, Role>& roles) {
  const auto role = roles.find(role_);
  if (role == roles.end()) {
    log().write(LogLevel::error,
                (role_.empty() ? "no role is said" : "there is no role \"" + role_ + "\"") +
                    "; say --troupe-role or TROUPE_ROLE, one of: " + names_of(roles));
    return EX_CONFIG;
  }
  if (termination_ == nullptr) {
    termination_ = std::make_unique<process::TerminationWatch>(*this);
    if (!is_embedded_) {
      termination_->speak_for_the_program();
    }
  }
  Stopping stopping_it{*this, stop_grace_};
  if (own_threads_) {  // else a thread of ours could not let actors go on
    termination_->on_termination([&] { stopping_it.ask(); });
  }
  const Result<void> end = perform(role->second, *this);
  const bool in_order = end || (stopping() && end.error() == Code::cancelled);
  for (const StopReport::Holder& holder : stopping_it.finish().holders) {
    log().write(LogLevel::warning, "at the end: " + StopReport{{holder}}.text());
  }
  termination_->on_termination({});
  if (in_order) {
    return EX_OK;
  }
  log().write(LogLevel::error, "role \"" + role_ + "\": " + end.error().what());
  return status_of(end.error());
}

Result<void> Runtime::wait_for_stop(Deadline until) {
  fiber::Waiter never;
  const auto outcome = never.wait(*this, until);
  if (outcome != fiber::Waiter::Outcome::cancelled) {
    return error_of(outcome, "wait for the runtime to stop");
  }
  return {};
}

Address Runtime::address(std::string_view name) const {
  return address_under(base_, name);
}

}  // namespace troupe
