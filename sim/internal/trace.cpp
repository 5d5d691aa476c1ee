// SPDX-License-Identifier: Apache-2.0
#include "troupe/sim/internal/trace.hpp"

#include "troupe/sim/internal/seeded_random.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace troupe::sim {
namespace {

std::uint64_t hash_number(std::uint64_t number, std::uint64_t hash) noexcept {
  return (hash ^ number) * 0x9E3779B97F4A7C15U;
}

std::uint64_t hash_text(const std::string* text, std::uint64_t hash) noexcept {
  return text != nullptr ? hash_of(*text, hash) : hash_number(1, hash);
}

std::string seconds(Duration time) {
  std::array<char, 40> text{};
  const auto nanoseconds = time.count();
  const int length = std::snprintf(text.data(), text.size(), "%lld.%09lld",
                                   static_cast<long long>(nanoseconds / 1'000'000'000),
                                   static_cast<long long>(nanoseconds % 1'000'000'000));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string sender(const Event& event) {
  if (event.other == nullptr) {
    return "the test";
  }
  const bool is_foreign = event.other_node != event.node;
  return is_foreign ? *event.other + " of " + *event.other_node : *event.other;
}

}  // namespace

void Trace::add(Event event) {
  ++count_;
  hash_ = hash_number(static_cast<std::uint64_t>(event.when.time_since_epoch().count()), hash_);
  hash_ = hash_number(static_cast<std::uint64_t>(event.kind), hash_);
  hash_ = hash_number(static_cast<std::uint64_t>(event.delay.count()), hash_);
  for (const std::string* text : {event.node, event.actor, event.other_node, event.other}) {
    hash_ = hash_text(text, hash_);
  }
  hash_ = hash_of(event.text, hash_of(event.message, hash_));
  if (events_.size() == kMost) {
    events_.pop_front();
  }
  events_.push_back(std::move(event));
}

std::string Trace::line(const Event& event) const {
  std::string line = seconds(event.when - begin_) + " " + *event.node;
  if (event.actor != nullptr) {
    line += ": " + *event.actor;
  }
  const std::string message{event.message};
  switch (event.kind) {
    case Event::Kind::node_began:
      return line + " begins";
    case Event::Kind::node_crashed:
      return line + " crashes";
    case Event::Kind::linked:
    case Event::Kind::log:
      return line + " " + event.text;
    case Event::Kind::spawned:
      return line + " is spawned";
    case Event::Kind::sent:
      return line + " is sent " + message + " by " + sender(event) + ", for " +
             seconds(event.when + event.delay - begin_);
    case Event::Kind::lost:
      return line + " loses " + message + " from " + sender(event);
    case Event::Kind::handles:
      return line + " handles " + message;
    case Event::Kind::killed:
      return line + " is killed";
    case Event::Kind::ended:
      return line + " has ended: " + event.text;
  }
  return line;
}

std::string Trace::text(std::uint64_t seed, std::size_t last) const {
  std::array<char, 80> hash{};
  std::snprintf(hash.data(), hash.size(), "%016llx", static_cast<unsigned long long>(hash_));
  std::string text = "seed " + std::to_string(seed) + ", " + std::to_string(count_) +
                     " events, hash " + hash.data() + "\n";
  const std::size_t shown = std::min(last, events_.size());
  for (std::size_t i = events_.size() - shown; i < events_.size(); ++i) {
    text += line(events_[i]) + "\n";
  }
  return text;
}

}  // namespace troupe::sim
