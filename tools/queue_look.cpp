// SPDX-License-Identifier: Apache-2.0
#include "tools/queue_look.hpp"

#include "tools/output.hpp"
#include "tools/text_table.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace troupe::tools {
namespace {

// How many items peek shows, where nothing else is wished, and at most.
constexpr std::uint64_t kShown = 10;
constexpr std::uint64_t kMostShown = 1000;

// How long an answer of the owner is waited for.
Deadline answered_by(const QueueCommand& command) {
  return command.timeout.value_or(std::chrono::seconds{10});
}

// A DeadLetter as it is on the wire: its item, how often that was delivered, and the reason.
using Letter = Dynamic::Array;

Result<std::string> row_of(const Letter& letter) {
  const auto reason = letter.size() < 3 ? Result<std::string>{Error{Code::malformed, ""}}
                                        : letter[2].as<std::string>();
  if (!reason) return Error{Code::malformed, "what came is no dead letter"};
  return letter[1].text() + "\t" + printable(*reason) + "\t" + printable(line_of(letter[0])) + "\n";
}

}  // namespace

Result<Queue<Dynamic>> open_any(Runtime& runtime, const QueueCommand& command,
                                const ConnectOptions& connect, bool dead) {
  const Schema any;
  auto client = troupe::queue::QueueClient::open(runtime, command.address, any, connect, dead,
                                                 answered_by(command));
  return client ? Result<Queue<Dynamic>>{Queue<Dynamic>{*std::move(client)}} : client.error();
}

std::string line_of(const Dynamic& item) {
  auto text = item.kind() == Dynamic::Kind::text ? item.as<std::string>() : item.text();
  return text ? *std::move(text) : item.text();
}

Result<void> write_waiting(Runtime& runtime, const QueueCommand& command,
                           const ConnectOptions& connect) {
  const auto queue = open_any(runtime, command, connect);
  if (!queue) return queue.error();
  const bool is_wished = command.count != QueueCommand{}.count;
  const auto items = queue->peek(
      static_cast<std::uint32_t>(is_wished ? std::min(command.count, kMostShown) : kShown),
      answered_by(command));
  if (!items) return items.error();
  Output output{runtime};
  for (const Dynamic& item : *items) {
    if (auto added = output.add(bytes_of(line_of(item) + "\n")); !added) return added;
  }
  return output.flush();
}

Result<void> write_stats(Runtime& runtime, const QueueCommand& command,
                         const ConnectOptions& connect) {
  const auto queue = open_any(runtime, command, connect);
  if (!queue) return queue.error();
  const auto stats = queue->stats(answered_by(command));
  if (!stats) return stats.error();
  const std::vector<std::pair<std::string, std::string>> figures{
      {"ready", std::to_string(stats->ready)},
      {"in work", std::to_string(stats->in_work)},
      {"dead", std::to_string(stats->dead)},
      {"bytes", std::to_string(stats->bytes)},
      {"closed", stats->closed ? "yes" : "no"},
      {"accepted", std::to_string(stats->accepted)},
      {"finished", std::to_string(stats->finished)},
      {"redelivered", std::to_string(stats->redelivered)},
      {"dropped", std::to_string(stats->dropped)}};
  Output output{runtime};
  for (const auto& [name, figure] : figures) {
    std::string line = name;
    line.append(12 - name.size(), ' ').append(figure).append("\n");
    if (auto added = output.add(bytes_of(line)); !added) return added;
  }
  return output.flush();
}

Result<void> write_dead_letters(Runtime& runtime, const QueueCommand& command,
                                const ConnectOptions& connect) {
  const auto any = open_any(runtime, command, connect, true);
  if (!any) return any.error();
  const Queue<Letter> letters{any->client()};
  Output output{runtime};
  std::vector<Delivery<Letter>> seen;
  for (;;) {
    auto letter = letters.try_take();
    if (!letter) {
      if (letter.error() != Code::timed_out && letter.error() != Code::closed) {
        return letter.error();
      }
      break;
    }
    const auto row = row_of(**letter);
    if (!row) return row.error();
    if (auto added = output.add(bytes_of(*row)); !added) return added;
    seen.push_back(*std::move(letter));
  }
  if (auto flushed = output.flush(); !flushed) return flushed;
  for (auto& letter : seen) {
    if (auto done = command.discard ? letter.ack() : letter.give_back(); !done) return done;
  }
  return {};
}

Result<void> close_queue(Runtime& runtime, const QueueCommand& command,
                         const ConnectOptions& connect) {
  const auto queue = open_any(runtime, command, connect);
  return queue ? queue->close(answered_by(command)) : queue.error();
}

}  // namespace troupe::tools
