// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/this_process.hpp"

#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/process/internal/process_host.hpp"

#include <unistd.h>

namespace troupe::this_process {

std::string name() {
  const auto host = process::ProcessHost::current();
  return host != nullptr ? host->identity().name : std::string{};
}

std::optional<pid_t> parent() {
  const auto host = process::ProcessHost::current();
  if (host == nullptr || host->identity().starter != ::getppid()) return std::nullopt;
  return host->identity().starter;
}

std::vector<pid_t> children() {
  const auto host = process::ProcessHost::current();
  return host != nullptr ? host->children() : std::vector<pid_t>{};
}

std::stop_token stop_token() {
  const RuntimeCore* const runtime = RuntimeCore::current();
  return runtime != nullptr ? runtime->stop_token() : std::stop_token{};
}

}  // namespace troupe::this_process
