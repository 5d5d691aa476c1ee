// SPDX-License-Identifier: Apache-2.0
#include "tools/queue_take.hpp"

#include "tools/output.hpp"
#include "tools/queue_look.hpp"
#include "tools/status.hpp"

#include <unistd.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::tools {
namespace {

// What the kernel lets a variable of the environment be, MAX_ARG_STRLEN, less its name and end.
constexpr std::size_t kLongestVariable = (std::size_t{128} << 10U) - 64;

// Of this program, with the item in it; not one that no variable holds.
std::map<std::string, std::string> environment_with(const std::string& item) {
  std::map<std::string, std::string> environment;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view text{*each};
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  environment.erase("TROUPE_ITEM");
  if (item.size() <= kLongestVariable && item.find('\0') == std::string::npos) {
    environment.emplace("TROUPE_ITEM", item);
  }
  return environment;
}

// What became of an item.
enum class Outcome : std::uint8_t { finished, given_back };

class Taking final {
 public:
  Taking(Runtime& runtime, const QueueCommand& command, const Queue<Dynamic>& queue)
      : runtime_(runtime), command_(command), queue_(queue), output_(runtime) {}

  Result<void> all() {
    std::uint64_t finished = 0;
    while (finished < command_.count) {
      auto delivery = queue_.take(command_.patience());
      if (!delivery) {
        if (delivery.error() == Code::closed) return {};
        return delivery.error() == Code::timed_out ? nothing_came() : delivery.error();
      }
      auto done = handle(*delivery);
      if (!done) return done.error();
      finished += *done == Outcome::finished ? 1 : 0;
    }
    return {};
  }

 private:
  Result<Outcome> handle(Delivery<Dynamic>& delivery) {
    const std::string line = line_of(*delivery);
    auto done = command_.exec ? execute(line) : write(line);
    if (!done) return done;
    if (*done == Outcome::given_back) {
      auto given_back = delivery.give_back(queue_.client()->retry_delay());
      return ended(given_back, Outcome::given_back);
    }
    if (command_.hold > Duration::zero()) {
      if (auto held = wait_any(runtime_, {Waitable{Deadline{command_.hold}}}); !held) {
        return held.error();
      }
    }
    return ended(delivery.ack(), Outcome::finished);
  }

  // One that was kept for too long is somebody else's by now, which is no reason to end.
  Result<Outcome> ended(const Result<void>& ended, Outcome outcome) const {
    if (ended) return outcome;
    if (ended.error() != Code::lost) return ended.error();
    say(name_of(command_.verb), ended.error().what());
    return Outcome::given_back;
  }

  Result<Outcome> write(const std::string& line) {
    if (auto added = output_.add(bytes_of(line + "\n")); !added) return added.error();
    if (auto flushed = output_.flush(); !flushed) return flushed.error();
    return Outcome::finished;
  }

  Result<Outcome> execute(const std::string& line) {
    subprocess::Options options;
    options.input = line + "\n";
    options.environment = environment_with(line);
    const auto ran = subprocess::run(runtime_, {"/bin/sh", "-c", *command_.exec}, options);
    if (!ran) return ran.error();
    if (ran->exit.ok()) return Outcome::finished;
    say(name_of(command_.verb), "an item was given back: " + ran->exit.text());
    return Outcome::given_back;
  }

  Error nothing_came() const {
    return Error{Code::timed_out,
                 "take from queue " + command_.address.text() + ": no item came within --timeout"};
  }

  Runtime& runtime_;
  const QueueCommand& command_;
  const Queue<Dynamic>& queue_;
  Output output_;
};

}  // namespace

Result<void> take_items(Runtime& runtime, const QueueCommand& command,
                        const ConnectOptions& connect) {
  const auto queue = open_any(runtime, command, connect);
  if (!queue) return queue.error();
  return Taking{runtime, command, *queue}.all();
}

}  // namespace troupe::tools
