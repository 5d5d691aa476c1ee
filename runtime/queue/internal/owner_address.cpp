// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/internal/owner_address.hpp"

#include <string>
#include <utility>

namespace troupe::queue {
namespace {

Error wrong(const Address& address, const std::string& why) {
  return Error{Code::invalid_argument, "make the queue " + address.text() + ": " + why};
}

}  // namespace

Result<QueueOptions> with_options_of(const Address& address, QueueOptions options) {
  if (const auto path = address.option("durable")) {
    if (path->empty()) {
      return wrong(address, "durable= names a directory, as in ?durable=/var/lib/jobs");
    }
    if (!options.durable.empty() && options.durable != *path) {
      return wrong(address, "QueueOptions::durable names another path, " +
                                options.durable.string() + ": leave one of them out");
    }
    options.durable = *path;
  }
  if (const auto sync = address.option("sync")) {
    if (*sync != "always") {
      return wrong(address, "sync=" + std::string{*sync} + " is not known: sync=always, or none");
    }
    options.sync = true;
  }
  return options;
}

Address without_owner_options(const Address& address) {
  return address.without({"durable", "sync"});
}

}  // namespace troupe::queue
