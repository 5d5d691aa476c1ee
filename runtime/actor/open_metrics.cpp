// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/open_metrics.hpp"

#include <array>
#include <charconv>
#include <string>

namespace troupe::actor {
namespace {

struct Family {
  std::string_view name;  // of a counter: without its _total
  std::string_view unit;  // empty, or what the name ends in
  std::string_view help;
};

// Part of what users rely on: renamed in no minor version. In the order of docs/metrics.md.
constexpr std::array kGauges{
    Family{"troupe_actors", "", "Actors that live."},
    Family{"troupe_actors_in_state", "", "The same by class and by what they do."},
    Family{"troupe_mailbox_messages", "", "Messages that wait in mailboxes, by class of actor."},
    Family{"troupe_mailbox_messages_max", "", "Messages in the fullest mailbox of the class."},
    Family{"troupe_mailbox_oldest_seconds", "seconds",
           "How long the oldest message of the class has waited."},
    Family{"troupe_handler_longest_seconds", "seconds",
           "How long the handler of the class that began first has taken, waits included."},
    Family{"troupe_workers", "", "Threads that run actors."},
    Family{"troupe_workers_asleep", "", "Those of them that have nothing to do."},
    Family{"troupe_fibers_suspended", "", "Actors that wait within their code, each on a stack."},
    Family{"troupe_stacks_in_use", "", "Stacks of suspended and of running code."},
    Family{"troupe_stacks_made", "", "Most stacks that were in use at once."},
};
constexpr std::array kCounters{
    Family{"troupe_actors_spawned", "", "Actors that began."},
    Family{"troupe_actors_failed", "", "Actors that ended other than normally."},
    Family{"troupe_messages_handled", "", "Messages that handlers began with, by class of actor."},
    Family{"troupe_messages_dropped", "",
           "Messages that no handler got, or that stayed with their sender, by cause."},
};

void declare(std::string& text, const Family& family, std::string_view type) {
  const auto line = [&](std::string_view what, std::string_view value) {
    text.append("# ").append(what).append(" ").append(family.name).append(" ").append(value) +=
        '\n';
  };
  line("TYPE", type);
  if (!family.unit.empty()) {
    line("UNIT", family.unit);
  }
  line("HELP", family.help);
}

void append(std::string& text, double value) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text.append(digits.data(), end);
}

void append(std::string& text, std::uint64_t value) {
  text += std::to_string(value);
}

// The samples of the family: those whose name is `name`, with any labels.
template <class Samples>
void add_samples(std::string& text, const Samples& samples, const std::string& name) {
  for (auto at = samples.lower_bound(name); at != samples.end(); ++at) {
    const auto& [key, value] = *at;
    if (!key.starts_with(name)) {
      break;
    }
    if (key.size() == name.size() || key[name.size()] == '{') {
      text.append(key) += ' ';
      append(text, value);
      text += '\n';
    }
  }
}

}  // namespace

std::string open_metrics(const Stats& stats) {
  std::string text;
  for (const Family& family : kGauges) {
    declare(text, family, "gauge");
    add_samples(text, stats.gauges, std::string{family.name});
  }
  for (const Family& family : kCounters) {
    declare(text, family, "counter");
    add_samples(text, stats.counters, std::string{family.name} + "_total");
  }
  return text + "# EOF\n";
}

std::string label_value(std::string_view text) {
  std::string escaped;
  for (const char each : text) {
    if (each == '\\' || each == '"') {
      escaped += '\\';
    }
    (each == '\n' ? escaped.append("\\n") : escaped.append(1, each));
  }
  return escaped;
}

}  // namespace troupe::actor
