// SPDX-License-Identifier: Apache-2.0
#include "tools/queue_options.hpp"

#include "tools/arguments.hpp"
#include "troupe/transports/catalog.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::tools {
namespace {

constexpr std::string_view kUsage =
    R"(troupe queue VERB URL: queues of lines, whose items are only finished by who acknowledges them

  serve URL          make the queue, and own it until Ctrl-C
  put URL [LINE...]  put the lines, or those of standard input; the owner has them at the end
  take URL           write each item as a line, and acknowledge what is written, until it is closed
  peek URL           write the first items that wait, as lines; they stay where they are
  stat URL           how many items there are, and have been
  dead URL           what nobody could finish: deliveries, the reason and the item, between tabs
  close URL          nothing more is put, by anybody; take ends when all is finished

Items that are no lines, of other programs, are written as a text that shows them.

of serve:
  --capacity N             items that are there or in work (1024)
  --capacity-bytes N       and bytes (67108864)
  --when-full HOW          wait (default), refuse, drop-newest or drop-oldest
  --deliveries N           then an item that was not finished is a dead letter (3)
  --retry-delay SECONDS    how long an item rests whose consumer failed (0.1)
  --max-hold SECONDS       how long a consumer may keep an item (600)
  --durable PATH           keep all in the directory PATH: it is there again after a restart or kill -9
  --sync                   with --durable: also after a loss of power; slower
of put:
  --delay SECONDS          so long nobody is given it
  --priority N             higher ones go first (0)
of take and peek:
  --count N                end after N items (peek: 10; at most 1000)
of take:
  --exec COMMAND           instead of writing it: run COMMAND in a shell, with the line as its input and
                           in $TROUPE_ITEM; status 0 acknowledges, another one gives the item back
  --hold SECONDS           keep each so long before it is acknowledged
of dead:
  --discard                and acknowledge them: they are gone then
of all:
  --timeout SECONDS        wait no longer than this: for the queue (10), for room, for an item, for an answer
)";

struct Named {
  std::string_view name;
  std::string_view full_name;
};
constexpr std::array kVerbs{Named{"serve", "queue serve"}, Named{"put", "queue put"},
                            Named{"take", "queue take"},   Named{"peek", "queue peek"},
                            Named{"stat", "queue stat"},   Named{"dead", "queue dead"},
                            Named{"close", "queue close"}};

Result<QueueVerb> verb_of(std::string_view text) {
  for (std::size_t i = 0; i < kVerbs.size(); ++i) {
    if (kVerbs.at(i).name == text) return static_cast<QueueVerb>(i);
  }
  return wrong("the verb is serve, put, take, peek, stat, dead or close, not \"" +
               std::string{text} + "\"");
}

Result<WhenFull> when_full(std::string_view name, std::string_view text) {
  if (text == "wait") return WhenFull::wait;
  if (text == "refuse") return WhenFull::refuse;
  if (text == "drop-newest") return WhenFull::drop_newest;
  if (text == "drop-oldest") return WhenFull::drop_oldest;
  return wrong(std::string{name} + " is wait, refuse, drop-newest or drop-oldest, not \"" +
               std::string{text} + "\"");
}

Result<std::int32_t> priority(std::string_view name, std::string_view text) {
  const auto number = number_of<std::int32_t>(text);
  if (number) return *number;
  return wrong(std::string{name} + " takes a whole number, not \"" + std::string{text} + "\"");
}

class Parsing final {
 public:
  Parsing(QueueCommand& command, std::span<const char* const> arguments)
      : command_(command), at_(arguments) {}

  Result<void> all() {
    while (at_.next()) {
      if (auto parsed = at_.is_plain() || only_lines_ ? plain() : option(); !parsed) return parsed;
    }
    return command_.help ? Result<void>{} : complete();
  }

 private:
  Result<void> plain() {
    if (!has_verb_) {
      auto verb = verb_of(at_.text());
      if (!verb) return verb.error();
      command_.verb = *verb;
      has_verb_ = true;
      return {};
    }
    if (command_.address.empty()) return address();
    if (command_.verb != QueueVerb::put) {
      return wrong("what is \"" + std::string{at_.text()} + "\" for?");
    }
    command_.lines.emplace_back(at_.text());
    return {};
  }

  Result<void> address() {
    const Address address{at_.text()};
    if (const auto transport = transports::Catalog::standard()->find(address); !transport) {
      return transport.error();
    }
    if (address.scheme() == "inproc" || address.scheme() == "pipe") {
      return wrong(
          std::string{address.scheme()} +
          ": leads to no other program; take unix:, shm:, fifo:, tcp:, tls:, zmq+tcp: or zmq+ipc:");
    }
    command_.address = address;
    return {};
  }

  Result<void> option() {
    if (at_.text() == "--") {
      only_lines_ = true;
      return {};
    }
    if (at_.is("--help") || at_.is("-h")) return at_.flag(command_.help);
    if (at_.is("--timeout")) return at_.value(command_.timeout, seconds);
    if (const auto taken = take_connect_option(at_, command_)) return *taken;
    switch (command_.verb) {
      case QueueVerb::serve:
        return option_of_serve();
      case QueueVerb::put:
        if (at_.is("--delay")) return at_.value(command_.put.delay, seconds);
        if (at_.is("--priority")) return at_.value(command_.put.priority, priority);
        break;
      case QueueVerb::take:
        if (at_.is("--count")) return at_.value(command_.count, at_least_one);
        if (at_.is("--hold")) return at_.value(command_.hold, seconds);
        if (at_.is("--exec")) return at_.value(command_.exec, any_text);
        break;
      case QueueVerb::peek:
        if (at_.is("--count")) return at_.value(command_.count, at_least_one);
        break;
      case QueueVerb::dead:
        if (at_.is("--discard")) return at_.flag(command_.discard);
        break;
      case QueueVerb::stat:
      case QueueVerb::close:
        break;
    }
    return unknown();
  }

  Result<void> option_of_serve() {
    QueueOptions& queue = command_.queue;
    if (at_.is("--capacity")) return at_.value(queue.capacity, at_least_one);
    if (at_.is("--capacity-bytes")) return at_.value(queue.capacity_bytes, at_least_one);
    if (at_.is("--when-full")) return at_.value(queue.when_full, when_full);
    if (at_.is("--retry-delay")) return at_.value(queue.retry_delay, seconds);
    if (at_.is("--max-hold")) return at_.value(queue.max_hold, seconds);
    if (at_.is("--durable")) return at_.value(queue.durable, path);
    if (at_.is("--sync")) return at_.flag(queue.sync);
    if (at_.is("--deliveries")) {
      return at_.value(queue.deliveries, [](auto name, auto text) -> Result<std::uint32_t> {
        const auto number = at_least_one(name, text);
        if (!number) return number.error();
        return static_cast<std::uint32_t>(
            std::min<std::uint64_t>(*number, std::numeric_limits<std::uint32_t>::max()));
      });
    }
    return unknown();
  }

  Result<void> unknown() const {
    if (!has_verb_) return wrong("first the verb, as in troupe queue take URL, then its options");
    return wrong(std::string{name_of(command_.verb)} + " has no option " + std::string{at_.text()});
  }

  Result<void> complete() const {
    if (!has_verb_) return wrong("what is to be done? serve, put, take, peek, stat, dead or close");
    if (command_.address.empty()) {
      return wrong(
          "which queue? Name an address, such as unix:/tmp/lines or tcp://127.0.0.1:7000/lines");
    }
    if (command_.queue.sync && command_.queue.durable.empty() &&
        !command_.address.option("durable")) {
      return wrong("--sync is for a queue with --durable");
    }
    return {};
  }

  QueueCommand& command_;
  Arguments at_;
  bool has_verb_ = false;
  bool only_lines_ = false;  // behind --
};

}  // namespace

std::string_view name_of(QueueVerb verb) {
  return kVerbs.at(static_cast<std::size_t>(verb)).full_name;
}

Result<QueueCommand> parse_queue_command(std::span<const char* const> arguments) {
  QueueCommand command;
  if (auto parsed = Parsing{command, arguments}.all(); !parsed) return parsed.error();
  return command;
}

std::string queue_usage() {
  return std::string{kUsage}.append(connect_usage());
}

}  // namespace troupe::tools
