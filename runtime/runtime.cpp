// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/runtime.hpp"

#include "troupe/runtime/fiber/flusher.hpp"
#include "troupe/runtime/process/internal/family.hpp"
#include "troupe/runtime/process/internal/newborn.hpp"
#include "troupe/runtime/process/internal/process_host.hpp"
#include "troupe/runtime/process/internal/termination.hpp"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

// Before anything of a Runtime exists: the zygote is to have none of it. A child lives and ends in
// here, with a Runtime that goes through its whole life.
std::shared_ptr<process::ProcessHost> Runtime::enter(int argc, char** argv,
                                                     const RuntimeOptions& options) {
  const std::span arguments{argv, static_cast<std::size_t>(argc)};
  auto [host, newborn] =
      process::ProcessHost::enter({arguments.begin(), arguments.end()}, options.preload);
  if (newborn == nullptr) return std::move(host);
  Exit exit;
  {
    Runtime own{host, options};
    exit = newborn->run_body(own, own);
    flush_own_buffers();
  }
  newborn->end(exit);
}

Runtime::Runtime(int& argc, char** argv, const RuntimeOptions& options)
    : Runtime(enter(argc, argv, options), options) {}

Runtime::Runtime(const RuntimeOptions& options) : Runtime(process::ProcessHost::join(), options) {}

Runtime::Runtime(const std::shared_ptr<process::ProcessHost>& host, const RuntimeOptions& options)
    : RuntimeCore(options.ports ? options.ports() : Ports{}, Log{options.log}),
      name_(options.name.empty() ? host->identity().name : options.name),
      stop_grace_(options.stop_grace) {
  set_family(
      process::Family::create(*this, this, host, {options.start, options.executable.native()}));
  if (options.signals == SignalPolicy::stop_on_terminate) {
    termination_ = std::make_unique<process::TerminationWatch>(*this);
  }
  scope_.emplace(*this);
}

Runtime::~Runtime() {
  if (family()->is_copy()) {
    abandon();
    static const auto* const kept = termination_.release();
    static_cast<void>(kept);
    return;
  }
  request_stop();
  if (!family()->living().empty()) {
    (void)stop(stop_grace_);
  }
  family()->close();
}

StopReport Runtime::stop(Deadline until) {
  request_stop();
  return family()->stop(until);
}

Runtime* Runtime::current() noexcept {
  const RuntimeCore* const core = RuntimeCore::current();
  return core != nullptr && core->family() != nullptr ? core->family()->owner() : nullptr;
}

}  // namespace troupe
