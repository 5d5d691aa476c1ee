// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/internal/link_actors.hpp"

#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/node/internal/hub.hpp"
#include "troupe/runtime/node/internal/link.hpp"

#include <chrono>
#include <utility>

namespace troupe::node {
namespace {

// Says hello to one that has connected.
class Greeting final {
 public:
  Greeting(std::shared_ptr<Hub> hub, Connection connection)
      : hub_(std::move(hub)), connection_(std::move(connection)) {}

  void started(Context& context) {
    hub_->greet(std::move(connection_));
    context.stop();
  }

 private:
  const std::shared_ptr<Hub> hub_;
  Connection connection_;
};

class Linking final {
 public:
  Linking(std::shared_ptr<Hub> hub, std::shared_ptr<Line> line)
      : hub_(std::move(hub)), line_(std::move(line)) {}

  void started(Context& context) {
    const auto link = hub_->link_to(line_->address(), Deadline{kDialTime});
    if (link) {
      (*link)->adopt(line_);
    } else {
      line_->close();
      hub_->line_ended(*line_);
      actor::end_stand_in(line_->stand_in(),
                          {.kind = Exit::Kind::unreachable, .what = link.error().what()});
    }
    context.stop();
  }

 private:
  static constexpr Duration kDialTime = std::chrono::seconds{10};

  const std::shared_ptr<Hub> hub_;
  const std::shared_ptr<Line> line_;
};

class LinkReading final {
 public:
  LinkReading(std::shared_ptr<Hub> hub, std::shared_ptr<Link> link, Ref<Watching> watching)
      : hub_(std::move(hub)), link_(std::move(link)), watching_(watching) {}

  void started(Context& context) {
    const Exit reason =
        link_->read([this](std::uint64_t number) { watching_.send(Watch{number}); });
    hub_->forget(*link_);
    link_->end(reason);
    watching_.stop();
    context.stop();
  }

 private:
  const std::shared_ptr<Hub> hub_;
  const std::shared_ptr<Link> link_;
  const Ref<Watching> watching_;
};

class Pinging final {
 public:
  explicit Pinging(std::shared_ptr<Hub> hub) : hub_(std::move(hub)) {}

  void started(Context& context) {
    hub_->keep_pinging();
    context.stop();
  }

 private:
  const std::shared_ptr<Hub> hub_;
};

}  // namespace

Listening::Listening(std::shared_ptr<Hub> hub, Listener listener)
    : hub_(std::move(hub)), listener_(std::move(listener)) {}

void Listening::started(Context& context) {
  while (auto connection = listener_.accept(forever)) {
    (void)actor::spawn<Greeting>(hub_->runtime(), nullptr, nullptr, hub_, *std::move(connection));
  }
  context.stop();
}

Watching::Watching(std::shared_ptr<Link> link) noexcept : link_(std::move(link)) {}

void Watching::handle(Watch watch, Context& context) {
  if (!watched_.insert(watch.number).second) {
    return;  // it will be told once
  }
  // One that has ended meanwhile has left in its place how.
  actor::Cell* const place = link_->runtime().actors()->place_of(watch.number);
  if (place == nullptr) {
    watched_.erase(watch.number);
    link_->tell_down(watch.number, "",
                     {.kind = Exit::Kind::unreachable, .what = "there never was such an actor"});
    return;
  }
  context.monitor(Ref<Protocol<>>{actor::Target{place, watch.number}});
}

void Watching::handle(const Down& down) {
  watched_.erase(down.target.number);
  link_->tell_down(down.target.number, down.name, down.reason);
}

void start_linking(const std::shared_ptr<Hub>& hub, const std::shared_ptr<Line>& line) {
  (void)actor::spawn<Linking>(hub->runtime(), nullptr, nullptr, hub, line);
}

void start_pinging(const std::shared_ptr<Hub>& hub) {
  (void)actor::spawn<Pinging>(hub->runtime(), nullptr, nullptr, hub);
}

void start_link_actors(const std::shared_ptr<Hub>& hub, const std::shared_ptr<Link>& link) {
  ActorOptions options;
  options.mailbox.capacity = MailboxOptions::kMostCapacity;  // who reads never waits
  const Ref<Watching> watching{actor::spawn<Watching>(hub->runtime(), &options, nullptr, link)};
  (void)actor::spawn<LinkReading>(hub->runtime(), nullptr, nullptr, hub, link, watching);
}

}  // namespace troupe::node
