// SPDX-License-Identifier: Apache-2.0
#include "tools/waits_chain.hpp"

#include "tools/arguments.hpp"
#include "tools/figures_text.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

namespace troupe::tools {
namespace {

constexpr std::string_view kInGdb = "gdb -x troupe_gdb.py -p ";  // as installed beside troupe

const ActorStats* with_id(const Stats& stats, const ActorId& id) {
  const auto found = std::ranges::find(stats.actors, id, &ActorStats::id);
  return found != stats.actors.end() ? &*found : nullptr;
}

std::string mailbox_of(const ActorStats& actor) {
  if (actor.mailbox == 0) return {};
  return "; " + std::to_string(actor.mailbox) + " of " + std::to_string(actor.capacity) +
         " messages wait in its mailbox, the first for " + text_of(actor.oldest);
}

std::string who_runs(const Stats& stats) {
  std::string text;
  std::size_t count = 0;
  for (const ActorStats& actor : stats.actors) {
    constexpr std::size_t kMost = 8;
    if (actor.state != "running" || ++count > kMost) continue;
    text += (text.empty() ? "" : ", ") + text_of(actor) + " for " + text_of(actor.handling);
  }
  return text;
}

// A process actor does its work elsewhere.
std::string where_it_may_be(const node::ProgramReport& report) {
  std::string pids;
  for (const std::int64_t child : report.children) {
    pids += (pids.empty() ? "" : ", ") + std::to_string(child);
  }
  return pids.empty() ? ""
                      : " If it stands for a process, that is one of " + pids +
                            ": troupe ps PID shows what it does there.";
}

std::string end_of(const node::ProgramReport& report, const ActorStats& actor, bool is_first) {
  const std::string pid = std::to_string(report.pid);
  if (!actor.waits_for.empty()) {
    return actor.waits_for.starts_with("a blocking()")
               ? "Nobody can cut that call short; gdb -p " + pid +
                     " and thread apply all bt show where it is."
               : "That one has ended meanwhile: whoever waited for it is told.";
  }
  if (actor.state == "running") {
    return "It has a worker: it computes, or is in a system call. gdb -p " + pid +
           " and thread apply all bt show where; a system call belongs into Context::blocking.";
  }
  if (actor.state == "queued") {
    const std::string busy = who_runs(report.stats);
    return "No worker has come to it yet" +
           (busy.empty() ? std::string{"."} : "; they have: " + busy + ".");
  }
  if (actor.state == "waiting") {
    return "What it waits for is no actor: a timer, a descriptor, another process. " +
           std::string{kInGdb} + pid + ", then troupe bt " + actor.id.text() + ", show where." +
           where_it_may_be(report);
  }
  if (actor.state == "idle" && !is_first) {
    return "So the answer is on its way, or is a Promise that somebody keeps.";
  }
  return {};
}

Error several(const std::vector<const ActorStats*>& found, std::string_view called) {
  std::string ids;
  for (std::size_t i = 0; i < found.size() && i < 10; ++i) {
    ids += (i == 0 ? "" : ", ") + found[i]->id.text();
  }
  return wrong("there are " + std::to_string(found.size()) + " actors \"" + std::string{called} +
               "\"; say the id of one: " + ids + (found.size() > 10 ? ", …" : ""));
}

}  // namespace

Result<const ActorStats*> find_actor(const Stats& stats, std::string_view called) {
  const auto matches = [&](const ActorStats& actor, int part) {
    return (part == 0 ? actor.name : part == 1 ? actor.id.text() : actor.type) == called;
  };
  for (int part = 0; part < 3; ++part) {
    std::vector<const ActorStats*> found;
    for (const ActorStats& actor : stats.actors) {
      if (matches(actor, part)) found.push_back(&actor);
    }
    if (found.size() == 1) return found.front();
    if (found.size() > 1) return several(found, called);
  }
  return nullptr;
}

std::string doing_of(const ActorStats& actor) {
  if (actor.handler.empty()) {
    return (actor.state == "waiting" ? "waits in its own code" : "is " + actor.state) +
           mailbox_of(actor);
  }
  return "has been handling " + actor.handler + " for " + text_of(actor.handling) +
         (actor.waits_for.empty() ? actor.state == "waiting" ? " and waits" : ""
                                  : " and waits for " + actor.waits_for) +
         mailbox_of(actor);
}

std::vector<std::string> explain(const node::ProgramReport& report, const ActorStats& actor) {
  std::vector<std::string> sentences;
  std::set<ActorId> seen;
  for (const ActorStats* at = &actor;;) {
    const bool is_first = seen.empty();
    seen.insert(at->id);
    sentences.push_back(text_of(*at) + " " + doing_of(*at) + ".");
    const ActorStats* const next =
        at->awaited.number != 0 ? with_id(report.stats, at->awaited) : nullptr;
    if (next == nullptr) {
      if (auto end = end_of(report, *at, is_first); !end.empty()) sentences.push_back(end);
      return sentences;
    }
    if (seen.contains(next->id)) {
      sentences.emplace_back(
          "They wait for each other: a circle, which ends when a deadline passes.");
      return sentences;
    }
    at = next;
  }
}

}  // namespace troupe::tools
