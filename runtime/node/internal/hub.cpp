// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/internal/hub.hpp"

#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/node/internal/link_actors.hpp"
#include "troupe/runtime/node/internal/node_service.hpp"
#include "troupe/runtime/node/internal/same_life.hpp"
#include "troupe/runtime/process/function_id.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::node {
namespace {

// An option of addresses at which only processes of this user are served, and need no key.
constexpr std::string_view kPrivate = "private";

// Which build of the program this is: what this function is called in.
std::string build_of_this() {
  const auto id = identify(reinterpret_cast<AnyFunction>(&build_of_this));
  return id ? std::string{reinterpret_cast<const char*>(id->build_id.data()), id->build_id.size()}
            : std::string{};
}

}  // namespace

Hub::Hub(RuntimeCore& runtime, std::string name, Duration detection)
    : runtime_(runtime),
      id_(runtime.random().next() | 1U),
      epoch_(runtime.life().epoch),
      name_(std::move(name)),
      build_(build_of_this()),
      detection_(std::max<Duration>(detection, std::chrono::milliseconds{10})) {
  runtime_.actors()->set_far_groups(groups_);
}

NodeInfo Hub::info() const {
  const std::lock_guard lock{lock_};
  return {id_, epoch_, name_, address_, runtime_.life().pid};
}

std::uint64_t Hub::service() {
  std::unique_lock lock{lock_};
  if (service_.cell == nullptr) {
    ActorOptions options;
    options.name = "service of node " + name_;
    service_ = actor::spawn<NodeService>(runtime_, &options, nullptr, shared_from_this());
  }
  return service_.number;
}

// ---- links -------------------------------------------------------------------------------------

Result<Address> Hub::listen(const Address& address, const ConnectOptions& options) {
  auto listener = Listener::create(runtime_, address, options);
  if (!listener) {
    return listener.error();
  }
  const bool is_private = address.option(kPrivate).has_value();
  const Address at{listener->address().text() + (is_private ? "?" + std::string{kPrivate} : "")};
  const std::lock_guard lock{lock_};
  if (closed_) {
    return Error{Code::cancelled, "listen at " + at.text() + ": the runtime is stopping"};
  }
  if (is_private) {
    private_address_ = at.text();
  } else if (address_.empty()) {
    address_ = at.text();
    listens_with_ = options;
  }
  (void)actor::spawn<Listening>(runtime_, nullptr, nullptr, shared_from_this(),
                                *std::move(listener));
  return at;
}

Result<std::shared_ptr<Link>> Hub::connect(const Address& address, const ConnectOptions& options,
                                           Deadline until) {
  const std::string doing = "connect to the node at " + address.text();
  {
    const std::lock_guard lock{lock_};
    if (closed_) {
      return Error{Code::cancelled, doing + ": the runtime is stopping"};
    }
    for (const auto& [id, link] : links_) {
      if (!link->ended() && link->theirs().node.address == address.text()) {
        return link;
      }
    }
  }
  auto link = dial(address, options, until);
  if (!link) {
    return link.error().within(doing);
  }
  if (!address.option(kPrivate)) {
    const std::lock_guard lock{lock_};
    connected_with_ = options;
  }
  return link;
}

std::shared_ptr<Link> Hub::living(std::uint64_t node) const {
  const auto found = links_.find(node);
  return found != links_.end() && !found->second->ended() ? found->second : nullptr;
}

bool Hub::add(const std::shared_ptr<Link>& link) {
  const std::lock_guard lock{lock_};
  if (closed_ || living(link->theirs().node.id) != nullptr) {
    return false;
  }
  links_.insert_or_assign(link->theirs().node.id, link);
  change_.announce();
  if (!std::exchange(pings_, true)) {
    // Where it can be, on a thread of its own: no handler that keeps a worker makes this node look
    // dead.
    if (runtime_.executor().has_threads()) {
      runtime_.executor().execute([hub = shared_from_this()] { hub->keep_pinging(); });
    } else {
      start_pinging(shared_from_this());
    }
  }
  return true;
}

void Hub::start(const std::shared_ptr<Link>& link) {
  groups_->add(link);
  start_link_actors(shared_from_this(), link);
}

void Hub::forget(const Link& link) {
  groups_->remove(link);
  const std::lock_guard lock{lock_};
  if (const auto found = links_.find(link.theirs().node.id);
      found != links_.end() && found->second.get() == &link) {
    links_.erase(found);
  }
  change_.announce();
}

Result<std::shared_ptr<Link>> Hub::link_to(const ActorAddress& address, Deadline until) {
  {
    const std::lock_guard lock{lock_};
    if (auto link = living(address.node); link != nullptr) {
      return link;
    }
  }
  if (address.url.empty()) {
    return Error{Code::disconnected,
                 "there is no link to its node, which listens nowhere: connect it to this one"};
  }
  auto link = connect(address.url, options_for(address.url), until);
  if (link && !is_same_life((*link)->theirs().node, address)) {
    return Error{Code::disconnected,
                 "the node at " + address.url + " has been started anew: the actor's life is over"};
  }
  return link;
}

ConnectOptions Hub::options_for(const Address& met) const {
  if (met.option(kPrivate)) {
    return {};
  }
  const std::lock_guard lock{lock_};
  return listens_with_ ? *listens_with_ : connected_with_;
}

void Hub::keep_pinging() {
  std::unique_lock lock{lock_};
  for (auto outcome = fiber::Waiter::Outcome::fired;
       !closed_ && outcome != fiber::Waiter::Outcome::cancelled;) {
    if (links_.empty()) {
      outcome = change_.wait(runtime_, lock, forever);
      continue;
    }
    const auto all = links_;
    lock.unlock();
    for (const auto& [id, link] : all) {
      link->ping();
    }
    lock.lock();
    outcome = change_.wait(runtime_, lock, detection_ / 5);
  }
}

// Where processes of this user reach this node that were not told where it listens.
std::string Hub::private_address() {
  {
    const std::lock_guard lock{lock_};
    if (!address_.empty() || closed_) {
      return address_;
    }
    if (!private_address_.empty()) {
      return private_address_;
    }
  }
  const auto at = listen("unix:?" + std::string{kPrivate}, {});
  if (!at) {
    runtime_.log().write("handles of this node's actors cannot be used elsewhere: " +
                         std::string{at.error().what()});
  }
  return at ? at->text() : std::string{};
}

void Hub::close() {
  std::vector<std::shared_ptr<Link>> all;
  {
    const std::lock_guard lock{lock_};
    closed_ = true;
    for (const auto& [id, link] : links_) {
      all.push_back(link);
    }
    change_.announce();
  }
  for (const auto& link : all) {
    groups_->remove(*link);
    link->close("it stops");
  }
}

}  // namespace troupe::node
