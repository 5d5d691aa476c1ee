// SPDX-License-Identifier: Apache-2.0
// Hub: what crosses links by name or number: handles in messages, and what may be spawned here; and
// what a node tells of itself.
#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/node/internal/hub.hpp"
#include "troupe/runtime/node/internal/link_actors.hpp"
#include "troupe/runtime/node/internal/same_life.hpp"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

namespace troupe::node {

// ---- handles in messages -----------------------------------------------------------------------

ActorAddress Hub::address_of(const actor::Target& target) {
  if (target.cell == nullptr) {
    return {};
  }
  {
    const std::lock_guard lock{lock_};
    if (const auto found = lines_.find(target.number); found != lines_.end()) {
      if (const auto line = found->second.lock(); line != nullptr) {
        return line->address();
      }
    }
  }
  std::string url = private_address();
  return {id_, epoch_, target.number, std::move(url)};
}

Result<actor::Target> Hub::target_of(const ActorAddress& address, actor::RemoteMessages known) {
  if (address.node == 0) {
    return actor::Target{};
  }
  if (address.node == id_) {
    actor::Cell* const place = runtime_.actors()->place_of(address.number);
    if (place == nullptr) {
      return Error{Code::malformed, "a handle of an actor that this node never had"};
    }
    return actor::Target{place, address.number};
  }
  std::shared_ptr<Link> link;
  {
    const std::lock_guard lock{lock_};
    link = living(address.node);
  }
  if (link != nullptr && is_same_life(link->theirs().node, address)) {
    if (auto target = link->reach(address.number, known)) {
      return target;
    }
  }
  const auto key = std::pair{address.node, address.number};
  {
    const std::lock_guard lock{lock_};
    if (const auto found = unlinked_.find(key); found != unlinked_.end()) {
      if (const auto line = found->second.lock(); line != nullptr) {
        line->learn(known);
        return line->stand_in();
      }
    }
  }
  const auto line = new_line(address, known);
  {
    const std::lock_guard lock{lock_};
    unlinked_[key] = line;
  }
  start_linking(shared_from_this(), line);
  return line->stand_in();
}

std::shared_ptr<Line> Hub::new_line(ActorAddress address, actor::RemoteMessages known) {
  auto line = std::make_shared<Line>(runtime_, std::move(address));
  line->learn(known);
  ActorOptions options;
  options.name = ActorId{line->address().node, 0, line->address().number}.text();
  line->set_stand_in(actor::spawn_stand_in(runtime_, line, options));
  const std::lock_guard lock{lock_};
  lines_[line->stand_in().number] = line;
  return line;
}

void Hub::line_ended(const Line& line) {
  const std::lock_guard lock{lock_};
  lines_.erase(line.stand_in().number);
  unlinked_.erase({line.address().node, line.address().number});
}

// ---- spawning ----------------------------------------------------------------------------------

void Hub::offer(std::string name, Offer offer) {
  const std::lock_guard lock{lock_};
  offers_.insert_or_assign(std::move(name), std::move(offer));
}

Result<actor::Target> Hub::spawn(const std::string& name, const Schema& arguments,
                                 std::span<const std::byte> encoded) {
  Offer offer;
  {
    const std::lock_guard lock{lock_};
    const auto found = offers_.find(name);
    if (found == offers_.end()) {
      return Error{Code::not_found, "node " + name_ + " does not offer " + name +
                                        ": call runtime.offer<...>() there"};
    }
    offer = found->second;
  }
  if (auto fit = compatible(offer.arguments(), arguments); !fit) {
    return fit.error().within("its arguments");
  }
  const Incoming incoming{.bytes = encoded};
  DecodeLimits limits;
  limits.members = Members::prefix;
  Reader reader{incoming, limits};
  return offer.spawn(runtime_, reader);
}

// ---- seeing into it ----------------------------------------------------------------------------

void Hub::set_report(std::function<ProgramReport(Detail)> report) {
  const std::lock_guard lock{report_lock_};
  report_ = std::move(report);
}

Result<ProgramReport> Hub::report(Detail detail) {
  const std::lock_guard lock{report_lock_};
  if (!report_) {
    return Error{Code::refused, "node " + name_ +
                                    " is not to be seen: RuntimeOptions::inspect is off there, or "
                                    "it ends"};
  }
  return report_(detail);
}

std::vector<LinkReport> Hub::link_reports() const {
  std::vector<std::shared_ptr<Link>> all;
  {
    const std::lock_guard lock{lock_};
    for (const auto& [id, link] : links_) {
      all.push_back(link);
    }
  }
  std::vector<LinkReport> reports;
  reports.reserve(all.size());
  for (const auto& link : all) {
    reports.push_back(link->report());
  }
  std::ranges::sort(reports, std::less<>{},
                    [](const LinkReport& each) { return std::tie(each.node, each.pid); });
  return reports;
}

}  // namespace troupe::node
