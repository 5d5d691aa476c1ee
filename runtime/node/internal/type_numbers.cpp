// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/internal/type_numbers.hpp"

#include <algorithm>
#include <string>

namespace troupe::node {

Result<void> fits(const Schema& ours, const Schema& theirs, bool same_build) {
  if (ours.name != theirs.name) {
    return Error{Code::refused, "ours is " + ours.name + ", theirs " + theirs.name};
  }
  if ((ours.only_this_build || theirs.only_this_build) && !same_build) {
    return Error{Code::refused,
                 "the name " + ours.name +
                     " means something within one build only: put the type into a named namespace, "
                     "or give it a troupe_name"};
  }
  return compatible(ours, theirs);
}

bool TypeNumbers::number(const actor::RemoteMessage& message, std::uint64_t& number) {
  const std::lock_guard lock{lock_};
  const auto [found, is_new] = ours_.try_emplace({message.type, message.reply}, ours_.size() + 1);
  number = found->second;
  return is_new;
}

Result<void> TypeNumbers::declare(std::uint64_t number, Declared&& declared, std::size_t bytes) {
  const std::lock_guard lock{lock_};
  their_bytes_ += bytes;
  if (theirs_.size() >= kMostDeclared || their_bytes_ > kMostBytes) {
    return Error{Code::malformed, "it declares more than 65536 types, or 16 MiB of them"};
  }
  if (!theirs_.try_emplace(number, std::move(declared)).second) {
    return Error{Code::malformed, "it declares the type " + std::to_string(number) + " twice"};
  }
  return {};
}

bool TypeNumbers::covers(std::span<const std::uint64_t> numbers, actor::RemoteMessages wanted) {
  const std::lock_guard lock{lock_};
  return std::ranges::all_of(wanted, [&](const actor::RemoteMessage& each) {
    return std::ranges::any_of(numbers, [&](std::uint64_t number) {
      const auto declared = theirs_.find(number);
      return declared != theirs_.end() &&
             fits(each.schema(), declared->second.message, same_build_) &&
             fits(each.reply_schema(), declared->second.reply, same_build_);
    });
  });
}

Result<const actor::RemoteMessage*> TypeNumbers::resolve(std::uint64_t number,
                                                         actor::RemoteMessages accepted) {
  const std::lock_guard lock{lock_};
  const auto declared = theirs_.find(number);
  if (declared == theirs_.end()) {
    return Error{Code::malformed,
                 "a message of the type " + std::to_string(number) + ", which was never declared"};
  }
  const auto key = std::pair{number, accepted.data()};
  if (const auto known = resolved_.find(key); known != resolved_.end()) {
    return known->second;
  }
  const auto look = [&]() -> Result<const actor::RemoteMessage*> {
    for (const actor::RemoteMessage& each : accepted) {
      if (each.schema().name != declared->second.message.name) {
        continue;
      }
      auto fit = fits(each.schema(), declared->second.message, same_build_);
      if (fit) {
        fit = fits(each.reply_schema(), declared->second.reply, same_build_);
      }
      return fit ? Result<const actor::RemoteMessage*>{&each} : fit.error();
    }
    return Error{Code::refused, "the actor takes no " + declared->second.message.name};
  };
  return resolved_.emplace(key, look()).first->second;
}

}  // namespace troupe::node
