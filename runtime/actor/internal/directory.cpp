// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/directory.hpp"

#include <algorithm>
#include <utility>

namespace troupe::actor {
namespace {

template <class T, class Make, class IsUnused>
std::shared_ptr<T> find_or_make(std::map<std::string, std::shared_ptr<T>, std::less<>>& entries,
                                std::size_t& most, std::string_view name, const Make& make,
                                const IsUnused& is_unused) {
  if (const auto found = entries.find(name); found != entries.end()) {
    return found->second;
  }
  if (entries.size() >= most) {
    // A count of one is ours, and nobody gets another copy but from here.
    std::erase_if(entries, [&](const auto& each) {
      return each.second.use_count() == 1 && is_unused(*each.second);
    });
    most = std::max<std::size_t>(64, entries.size() * 2);
  }
  return entries.emplace(std::string{name}, make()).first->second;
}

}  // namespace

std::shared_ptr<Seat> Directory::seat(std::string_view name) {
  const std::lock_guard lock{mutex_};
  return find_or_make<Seat>(
      seats_, most_seats_, name,
      [&] { return std::make_shared<Seat>(system_, "\"" + std::string{name} + "\""); },
      [](const Seat& seat) { return seat.is_vacant(); });
}

std::shared_ptr<Gathering> Directory::group(std::string_view name) {
  const std::lock_guard lock{mutex_};
  return find_or_make<Gathering>(
      groups_, most_groups_, name,
      [&] { return std::make_shared<Gathering>(system_, std::string{name}); },
      [](const Gathering& group) { return group.empty(); });
}

Result<void> Directory::register_name(std::string_view name, const Target& target,
                                      const Interface& its) {
  if (name.empty()) {
    return Error{Code::invalid_argument, "register a name: it is empty"};
  }
  if (target.cell == nullptr) {
    return Error{Code::closed,
                 "register the name \"" + std::string{name} + "\": the handle is empty"};
  }
  const std::shared_ptr<Seat> its_seat = seat(name);
  if (!enter(target, its_seat)) {
    return Error{Code::closed,
                 "register the name \"" + std::string{name} + "\": the actor has ended"};
  }
  Result<void> taken = its_seat->take(target, its);
  if (!taken) {
    strike_out(target, *its_seat);
  }
  return taken;
}

}  // namespace troupe::actor
