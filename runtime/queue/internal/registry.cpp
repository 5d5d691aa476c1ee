// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/internal/registry.hpp"

#include "troupe/base/os/host.hpp"
#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/channel/listener.hpp"
#include "troupe/runtime/fiber/park.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/internal/owner.hpp"
#include "troupe/runtime/queue/internal/owner_address.hpp"
#include "troupe/runtime/queue/internal/queue_frame.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace troupe::queue {
namespace {

constexpr Duration kGreeting = std::chrono::seconds{5};

void refuse(Connection& connection, Code code, const std::string& why) {
  Encoded frame;
  Writer writer{frame};
  begin(writer, Frame::refused);
  writer.natural(static_cast<std::uint64_t>(code));
  writer.text(why);
  (void)writer.finish();
  (void)connection.offer_message(frame, Deadline{kGreeting});
}

}  // namespace

struct Registry::Site {
  explicit Site(std::string where) : at(std::move(where)), bell(::eventfd(0, EFD_CLOEXEC)) {}

  void close() {
    const std::uint64_t one = 1;
    (void)!::write(bell.get(), &one, sizeof one);
  }

  const std::string at;  // its address
  const UniqueFd bell;   // rung when it is to end
  // Guarded by the registry's lock.
  std::map<std::string, std::shared_ptr<Owner>> queues;
};

// One client, which says what it wants.
class Registry::Greeting final {
 public:
  Greeting(std::shared_ptr<Registry> registry, std::shared_ptr<Site> site, Connection connection)
      : registry_(std::move(registry)),
        site_(std::move(site)),
        connection_(std::move(connection)) {}

  void started(Context& context) {
    registry_->receive(site_, std::move(connection_));
    context.stop();
  }

 private:
  const std::shared_ptr<Registry> registry_;
  const std::shared_ptr<Site> site_;
  Connection connection_;
};

class Registry::Receiving final {
 public:
  Receiving(std::shared_ptr<Registry> registry, std::shared_ptr<Site> site, Listener listener)
      : registry_(std::move(registry)), site_(std::move(site)), listener_(std::move(listener)) {}

  void started(Context& context) {
    while (receive(context) && wait()) {
    }
    context.stop();
  }

 private:
  // False: the listener is of no use any more.
  bool receive(Context& context) {
    for (;;) {
      auto connection = listener_.accept(Deadline::at_once());
      if (!connection) {
        return connection.error() == Code::timed_out || connection.error() == Code::overloaded;
      }
      (void)context.spawn<Greeting>(registry_, site_, *std::move(connection));
    }
  }
  // False: it is to end.
  bool wait() {
    std::vector<PollItem> items{{{site_->bell.get(), POLLIN}}};
    Deadline wake = forever;
    if (!listener_.waits_on(items, wake)) {
      return true;
    }
    const auto waited = park(registry_->runtime_, items, wake);
    return !items.front().ready && (waited || waited.error() == Code::timed_out);
  }

  const std::shared_ptr<Registry> registry_;
  const std::shared_ptr<Site> site_;
  Listener listener_;
};

Registry::Registry(RuntimeCore& runtime)
    : runtime_(runtime), caretaker_(std::make_shared<Caretaker>(runtime)) {}

Registry::~Registry() = default;

Result<Place> Registry::place_of(const Address& address) {
  if (auto valid = address.valid(); !valid) {
    return valid.error();
  }
  Place place;
  place.url = without_owner_options(address).text();
  if (address.crosses_hosts() || address.scheme() == "inproc") {
    place.object = std::string{address.path()};
    if (!place.object.empty() && place.object.front() == '/') {
      place.object.erase(0, 1);
    }
  }
  return place;
}

std::shared_ptr<Owner> Registry::make(const std::string& name, const Schema& schema,
                                      const QueueOptions& options) {
  auto owner = std::make_shared<Owner>(runtime_, name, schema, options);
  owner->start();
  const std::lock_guard lock{lock_};
  std::erase_if(owners_, [](const auto& each) { return each.expired(); });
  owners_.push_back(owner);
  return owner;
}

std::string Registry::place_name(const Address& address) {
  return address.port() == 0 ? address.text()
                             : std::string{address.scheme()} + "://" + std::string{address.host()} +
                                   ":" + std::to_string(address.port());
}

Result<std::shared_ptr<Registry::Site>> Registry::open_site(const Address& address,
                                                            const ConnectOptions& options) {
  {
    const std::lock_guard lock{lock_};
    if (const auto found = sites_.find(place_name(address));
        address.port() != 0 && found != sites_.end()) {
      return found->second;
    }
  }
  auto listener = Listener::create(runtime_, address, options);
  if (!listener) {
    return listener.error();
  }
  auto site = std::make_shared<Site>(listener->address().text());
  if (!site->bell) {
    return Error::system("listen at " + site->at + ": eventfd", errno);
  }
  {
    const std::lock_guard lock{lock_};
    if (closed_) {
      return Error{Code::cancelled, "listen at " + site->at + ": the runtime is stopping"};
    }
    sites_[place_name(listener->address())] = site;
  }
  ActorOptions its;
  its.name = "queues at " + site->at;
  (void)actor::spawn<Receiving>(runtime_, &its, nullptr, shared_from_this(), site,
                                *std::move(listener));
  return site;
}

Result<Registry::Made> Registry::make_at(const Address& address, const Schema& schema,
                                         const QueueOptions& wished) {
  auto place = place_of(address);
  if (!place) {
    return place.error();
  }
  const auto options = with_options_of(address, wished);
  if (!options) {
    return options.error();
  }
  (void)Owner::checked(*options);
  auto site = open_site(without_owner_options(address), options->connect);
  if (!site) {
    return site.error();
  }
  const Address at{(*site)->at};
  place->url = at.text();
  if (!place->object.empty() && at.path() != address.path()) {
    place->url = place_name(at) + "/" + place->object;
  }
  {
    const std::lock_guard lock{lock_};
    if ((*site)->queues.contains(place->object)) {
      return Error{Code::exists, "there is a queue of this name already"};
    }
  }
  try {
    auto owner = make(place->url, schema, *options);
    const std::lock_guard lock{lock_};
    (*site)->queues[place->object] = owner;
    return Made{std::move(owner), *std::move(place)};
  } catch (...) {
    close_unused(*site);
    throw;
  }
}

// Nobody is to come to a place where there is no queue.
void Registry::close_unused(const std::shared_ptr<Site>& site) {
  const std::lock_guard lock{lock_};
  if (site->queues.empty() && site != local_) {
    site->close();
    std::erase_if(sites_, [&](const auto& each) { return each.second == site; });
  }
}

Result<Place> Registry::local_place(const std::shared_ptr<Owner>& owner) {
  std::shared_ptr<Site> site;
  {
    const std::lock_guard lock{lock_};
    site = local_;
  }
  if (site == nullptr) {
    auto opened = open_site("shm://queues-" + std::to_string(::getpid()) + "-" +
                                std::to_string(runtime_.random().next()),
                            {});
    if (!opened) {
      return opened.error().within("make a queue reachable for other processes");
    }
    site = *opened;
  }
  owner->give_out();
  const std::lock_guard lock{lock_};
  local_ = site;
  for (const auto& [object, its] : site->queues) {
    if (its == owner) {
      return Place{"", site->at, object, os::this_host(), false};
    }
  }
  std::string object = "queue-" + std::to_string(++last_local_);
  site->queues[object] = owner;
  return Place{"", site->at, std::move(object), os::this_host(), false};
}

void Registry::receive(const std::shared_ptr<Site>& site, Connection connection) {
  Incoming incoming;
  if (!connection.receive_message(incoming, Deadline{kGreeting})) {
    return;
  }
  const DecodeLimits limits{.members = Members::prefix};
  Reader reader{incoming, limits};
  const auto kind = read_kind(reader);
  auto hello = reader.value<Hello>();
  if (!kind || *kind != Frame::hello || !hello || hello->magic != kMagic) {
    runtime_.log().write(LogLevel::warning,
                         "a client at " + site->at + " is no client of a queue, and was let go");
    refuse(connection, Code::refused, "here are queues of troupe, which are spoken to otherwise");
    return;
  }
  std::shared_ptr<Owner> owner;
  {
    const std::lock_guard lock{lock_};
    if (const auto found = site->queues.find(hello->object); found != site->queues.end()) {
      owner = found->second;
    }
  }
  if (owner == nullptr || owner->ended()) {
    refuse(connection, Code::not_found,
           "there is no queue \"" + hello->object + "\" at " + site->at);
    return;
  }
  const bool here =
      !Address{site->at}.crosses_hosts() && hello->pid == static_cast<std::uint64_t>(::getpid());
  owner->adopt(std::move(connection), *hello, here);
}

void Registry::forget(const Owner& owner) {
  const std::lock_guard lock{lock_};
  std::erase_if(sites_, [&](const auto& named) {
    const auto& site = named.second;
    const auto gone =
        std::erase_if(site->queues, [&](const auto& each) { return each.second.get() == &owner; });
    const bool over = gone > 0 && site->queues.empty() && site != local_;
    if (over) {
      site->close();
    }
    return over;
  });
}

void Registry::close() {
  std::vector<std::weak_ptr<Owner>> owners;
  {
    const std::lock_guard lock{lock_};
    closed_ = true;
    owners = std::exchange(owners_, {});
    for (const auto& [name, site] : std::exchange(sites_, {})) {
      site->close();
      site->queues.clear();
    }
    local_ = nullptr;
  }
  for (const auto& each : owners) {
    if (const auto owner = each.lock()) {
      owner->end();
    }
  }
  caretaker_->close();
}

}  // namespace troupe::queue
