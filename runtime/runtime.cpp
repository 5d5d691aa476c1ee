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

struct Runtime::Entry {
  std::shared_ptr<process::ProcessHost> host;
  std::unique_ptr<process::Newborn> newborn;

  // Before anything of a Runtime exists: the zygote is to have none of it.
  static Entry of_main(int argc, char** argv, const RuntimeOptions& options) {
    const std::span arguments{argv, static_cast<std::size_t>(argc)};
    auto entered = process::ProcessHost::enter({arguments.begin(), arguments.end()}, options.preload);
    return {std::move(entered.host), std::move(entered.newborn)};
  }
};

Runtime::Runtime(int& argc, char** argv, RuntimeOptions options)
    : Runtime(Entry::of_main(argc, argv, options), options) {}

Runtime::Runtime(RuntimeOptions options)
    : Runtime(Entry{process::ProcessHost::join(), nullptr}, options) {}

Runtime::Runtime(Entry entry, RuntimeOptions& options)
    : RuntimeCore(options.ports ? options.ports() : Ports{}, Log{std::move(options.log)}),
      name_(options.name.empty() ? entry.host->identity().name : std::move(options.name)),
      stop_grace_(options.stop_grace),
      newborn_(std::move(entry.newborn)) {
  set_family(process::Family::create(*this, this, std::move(entry.host),
                                     {options.start, options.executable.native()}));
  if (options.signals == SignalPolicy::stop_on_terminate) {
    termination_ = std::make_unique<process::TerminationWatch>(*this);
  }
  scope_.emplace(*this);
  if (newborn_ != nullptr) {
    run_child(*newborn_);
  }
}

Runtime::~Runtime() {
  if (family()->is_copy()) {
    abandon();
    static const auto* const kept = termination_.release();
    static_cast<void>(kept);
    return;
  }
  (void)stop(stop_grace_);
  family()->close();
}

StopReport Runtime::stop(Deadline until) {
  request_stop();
  return family()->stop(until);
}

void Runtime::run_child(process::Newborn& newborn) {
  const Exit exit = newborn.run_body(*this, *this);
  flush_own_buffers();
  if (!family()->living().empty()) {
    (void)stop(stop_grace_);
  }
  newborn.end(exit);
}

Runtime* Runtime::current() noexcept {
  const RuntimeCore* const core = RuntimeCore::current();
  return core != nullptr && core->family() != nullptr ? core->family()->owner() : nullptr;
}

}  // namespace troupe
