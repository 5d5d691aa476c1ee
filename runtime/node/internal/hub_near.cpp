// SPDX-License-Identifier: Apache-2.0
// Hub: links over shared memory between processes of one host and user that have dialed otherwise.
#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/node/internal/hub.hpp"
#include "troupe/runtime/node/internal/link_actors.hpp"
#include "troupe/runtime/node/internal/same_host.hpp"

#include <chrono>
#include <utility>

namespace troupe::node {
namespace {

// Meanwhile the other side waits on the connection that there is.
constexpr Duration kPatience = std::chrono::seconds{1};

}  // namespace

std::string Hub::near_name() {
  std::unique_lock lock{lock_};
  if (closed_ || near_) {
    return closed_ ? "" : *near_;
  }
  near_ = "";  // others that are greeted meanwhile do without
  ConnectOptions options = listens_with_.value_or(ConnectOptions{});
  lock.unlock();
  auto listener = Listener::create(runtime_, "shm:", options);
  if (!listener) {
    runtime_.log().write(LogLevel::debug,
                         std::string{"no links over shared memory: "} + listener.error().what());
    return {};
  }
  std::string name{listener->address().host()};
  (void)actor::spawn<Listening>(runtime_, nullptr, nullptr, shared_from_this(),
                                *std::move(listener));
  lock.lock();
  near_ = name;
  return name;
}

Result<std::shared_ptr<Link>> Hub::connect_near(const Hello& theirs, const ConnectOptions& options,
                                                Deadline until) {
  const Deadline soon = earlier(until, Deadline{kPatience});
  if (!is_near_name(theirs.near)) {
    return Error{Code::malformed, "a name of shared memory that no node has"};
  }
  const Address address{"shm://" + theirs.near};
  auto connection = troupe::connect(runtime_, address, options, soon);
  if (!connection) {
    return connection.error();
  }
  return shake_hands(*std::move(connection), address, options, soon, soon);
}

}  // namespace troupe::node
