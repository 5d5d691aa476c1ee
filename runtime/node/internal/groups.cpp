// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/internal/groups.hpp"

#include "troupe/runtime/node/internal/link.hpp"

#include <utility>

namespace troupe::node {

// ---- this node's -------------------------------------------------------------------------------

void Groups::joined(const std::string& group, const actor::Target& member,
                    actor::RemoteMessages as) {
  if (as.empty() || actor::remote_messages_of(member).empty()) {
    return;  // nothing that another node sends would reach it
  }
  // What is told under the lock is told in the order in which it came to be.
  const std::lock_guard lock{lock_};
  here_[group].insert_or_assign(member.number, as);
  for (const auto& [key, there] : there_) {
    tell_joined(*there.link, group, member.number, as);
  }
}

void Groups::left(const std::string& group, const actor::Target& member) noexcept {
  const std::lock_guard lock{lock_};
  const auto found = here_.find(group);
  if (found == here_.end() || found->second.erase(member.number) == 0) {
    return;
  }
  if (found->second.empty()) {
    here_.erase(found);
  }
  for (const auto& [key, there] : there_) {
    Encoded frame;
    Writer writer{frame};
    begin(writer, LinkFrame::left);
    writer.natural(member.number);
    writer.value(group);
    (void)writer.finish();
    there.link->outbox().post_control(std::move(frame));
  }
}

void Groups::tell_joined(Link& link, const std::string& group, std::uint64_t number,
                         actor::RemoteMessages as) {
  std::vector<std::uint64_t> types;
  for (const actor::RemoteMessage& each : as) {
    types.push_back(link.declare(each));
  }
  Encoded frame;
  Writer writer{frame};
  begin(writer, LinkFrame::joined);
  writer.natural(number);
  writer.value(group);
  writer.value(types);
  (void)writer.finish();
  link.outbox().post_control(std::move(frame));
}

void Groups::add_members(const std::string& group, actor::RemoteMessages wanted,
                         std::vector<actor::Target>& members) {
  std::vector<std::pair<std::shared_ptr<Link>, std::uint64_t>> found;
  {
    const std::lock_guard lock{lock_};
    for (auto& [key, there] : there_) {
      const auto its = there.groups.find(group);
      if (its == there.groups.end()) {
        continue;
      }
      for (auto& [number, member] : its->second) {
        auto takes = member.takes.find(wanted.data());
        if (takes == member.takes.end()) {
          const bool all = there.link->types().covers(member.types, wanted);
          takes = member.takes.emplace(wanted.data(), all).first;
        }
        if (takes->second) {
          found.emplace_back(there.link, number);
        }
      }
    }
  }
  for (const auto& [link, number] : found) {
    if (const auto target = link->reach(number, wanted)) {
      members.push_back(*target);
    }
  }
}

// ---- links -------------------------------------------------------------------------------------

void Groups::add(const std::shared_ptr<Link>& link) {
  const std::lock_guard lock{lock_};
  there_.emplace(link.get(), There{link, {}, 0});
  for (const auto& [group, members] : here_) {
    for (const auto& [number, as] : members) {
      tell_joined(*link, group, number, as);
    }
  }
}

void Groups::remove(const Link& link) {
  There gone;  // the link may be let go of, without the lock
  const std::lock_guard lock{lock_};
  if (const auto found = there_.find(&link); found != there_.end()) {
    gone = std::move(found->second);
    there_.erase(found);
  }
}

std::size_t Groups::bytes_of(const std::string& group, const Member& member) noexcept {
  return sizeof(Member) + group.size() + member.types.size() * sizeof member.types[0];
}

Result<void> Groups::joined_there(const Link& link, std::uint64_t number, const std::string& group,
                                  std::vector<std::uint64_t> types) {
  const std::lock_guard lock{lock_};
  const auto found = there_.find(&link);
  if (found == there_.end()) {
    return {};
  }
  There& there = found->second;
  auto& members = there.groups[group];
  if (const auto its = members.find(number); its != members.end()) {
    there.bytes -= bytes_of(group, its->second);
  }
  Member& its = members[number];
  its = {std::move(types), {}};
  there.bytes += bytes_of(group, its);
  if (there.bytes > kMostBytes) {
    return Error{Code::malformed, "it has too many members in groups"};
  }
  return {};
}

void Groups::left_there(const Link& link, std::uint64_t number, const std::string& group) {
  const std::lock_guard lock{lock_};
  const auto found = there_.find(&link);
  if (found == there_.end()) {
    return;
  }
  There& there = found->second;
  if (const auto its = there.groups.find(group); its != there.groups.end()) {
    if (const auto member = its->second.find(number); member != its->second.end()) {
      there.bytes -= bytes_of(group, member->second);
      its->second.erase(member);
    }
    if (its->second.empty()) {
      there.groups.erase(its);
    }
  }
}

}  // namespace troupe::node
