// SPDX-License-Identifier: Apache-2.0
#include "front.hpp"

#include <chrono>
#include <functional>

using namespace std::chrono_literals;

const troupe::Named<Shard>& shard_of(const Shards& shards, const std::string& key) {
  return shards[std::hash<std::string>{}(key) % shards.size()];
}

// Both requests may be repeated, so what a kill leaves unknown is asked again.
template <class M>
auto Desk::ask(const M& message, troupe::Context& context) {
  const troupe::Deadline patience{10s};
  for (;;) {
    auto reply = shard_of(shards_, message.key).ask(message, 1s);
    const bool restarting = !reply && (reply.error() == troupe::Code::disconnected ||
                                       reply.error() == troupe::Code::closed ||
                                       reply.error() == troupe::Code::timed_out);
    if (!restarting || patience.passed() || !context.sleep(2ms)) {
      return reply;
    }
  }
}

Reply Desk::answer(const Request& request, troupe::Context& context) {
  if (const Put* const put = std::get_if<Put>(&request)) {
    const auto done = ask(*put, context);
    return {done.has_value(), done ? "" : done.error().what()};
  }
  const auto value = ask(std::get<Get>(request), context);
  return {value.has_value(), value ? *value : value.error().what()};
}

void Desk::started(troupe::Context& context) {
  while (const auto request = client_.receive()) {
    if (!client_.send(answer(*request, context))) break;
  }
  context.stop();
}

void Front::started(troupe::Context& context) {
  while (auto client = listener_.accept()) {
    context.spawn<Desk>(*std::move(client), shards_);
  }
  context.stop();
}
