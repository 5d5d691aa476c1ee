// SPDX-License-Identifier: Apache-2.0
#include "tools/listing.hpp"

#include "tools/arguments.hpp"
#include "tools/figures_text.hpp"
#include "tools/program_tree.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <utility>

namespace troupe::tools {
namespace {

struct SortName {
  std::string_view name;
  Sort sort;
};
constexpr std::array kSorts{SortName{"mailbox", Sort::mailbox},   SortName{"age", Sort::age},
                            SortName{"handling", Sort::handling}, SortName{"rate", Sort::rate},
                            SortName{"dropped", Sort::dropped},   SortName{"id", Sort::as_it_is}};

std::string rate_text(double rate) {
  return rate < 0 ? "" : std::to_string(std::llround(rate));
}

std::string count_text(double count) {
  return std::to_string(std::llround(count));
}

Duration longest(const Stats& stats, std::string_view gauge) {
  double most = 0;
  for (const auto& [key, value] : stats.gauges) {
    if (key.starts_with(gauge)) most = std::max(most, value);
  }
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>{most});
}

// The name of a process that tells nothing itself.
std::string name_of_process(std::int64_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/comm"};
  std::string name;
  std::getline(file, name);
  return name.empty() ? "?" : name;
}

bool is_stopped(std::int64_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text;
  std::getline(file, text);
  const std::size_t end = text.rfind(')');
  return end != std::string::npos && end + 2 < text.size() && text[end + 2] == 'T';
}

std::string why_silent(const Program& program) {
  if (is_stopped(program.place.pid)) return " (stopped: it does not answer)";
  return program.report.error() == Code::timed_out ? " (does not answer)" : " (cannot be read)";
}

// One row, and what it is sorted by: the largest first.
struct Row {
  double weight = 0;
  std::vector<std::string> texts;
};

double weight_of(Sort sort, double mailbox, Duration age, Duration handling, double rate,
                 double dropped) {
  switch (sort) {
    case Sort::as_it_is:
      return 0;
    case Sort::mailbox:
      return mailbox;
    case Sort::age:
      return std::chrono::duration<double>(age).count();
    case Sort::handling:
      return std::chrono::duration<double>(handling).count();
    case Sort::rate:
      return rate;
    case Sort::dropped:
      return dropped;
  }
  return 0;
}

Row row_of(const TreeRow& at, Sort sort, Rates* rates) {
  Row row{-1, {std::to_string(at.pid)}};
  const std::string branch = sort == Sort::as_it_is ? at.branch : "";
  if (at.program == nullptr) {
    row.texts.push_back(branch + name_of_process(at.pid) + " (no actors)");
    return row;
  }
  if (!at.program->report) {
    row.texts.push_back(branch + name_of_process(at.pid) + why_silent(*at.program));
    return row;
  }
  const node::ProgramReport& report = *at.program->report;
  const Stats& stats = report.stats;
  const std::uint64_t handled = total_of(stats, "troupe_messages_handled_total");
  const auto dropped = static_cast<double>(total_of(stats, "troupe_messages_dropped_total"));
  const double mailbox = sum_of(stats, "troupe_mailbox_messages");
  const Duration oldest = longest(stats, "troupe_mailbox_oldest_seconds{");
  const Duration handling = longest(stats, "troupe_handler_longest_seconds{");
  const double rate =
      rates != nullptr ? rates->rate({at.program->place.path, 0}, handled, report.uptime) : 0;
  row.weight = weight_of(sort, mailbox, oldest, handling, rate, dropped);
  for (std::string text : {branch + title_of(report) + (report.stopping ? " (stopping)" : ""),
                           short_text_of(report.uptime), count_text(sum_of(stats, "troupe_actors")),
                           count_text(sum_of(stats, "troupe_actors_in_state", "state=\"running\"")),
                           count_text(sum_of(stats, "troupe_actors_in_state", "state=\"waiting\"")),
                           count_text(mailbox), short_text_of(oldest), short_text_of(handling),
                           std::to_string(handled)}) {
    row.texts.push_back(std::move(text));
  }
  if (rates != nullptr) row.texts.push_back(rate_text(rate));
  row.texts.push_back(count_text(dropped));
  return row;
}

Row row_of(const Program& program, const ActorStats& actor, Sort sort, Rates* rates) {
  const double rate = rates != nullptr ? rates->rate({program.place.path, actor.id.number},
                                                     actor.handled, program.report->uptime)
                                       : 0;
  Row row{weight_of(sort, static_cast<double>(actor.mailbox), actor.oldest, actor.handling, rate,
                    static_cast<double>(actor.dropped)),
          {actor.id.text(), actor.name, actor.type, actor.state,
           std::to_string(actor.mailbox) + "/" + std::to_string(actor.capacity),
           short_text_of(actor.oldest), actor.handler,
           actor.handler.empty() ? "" : short_text_of(actor.handling), actor.waits_for,
           std::to_string(actor.handled)}};
  if (rates != nullptr) row.texts.push_back(rate_text(rate));
  row.texts.push_back(std::to_string(actor.restarts));
  row.texts.push_back(std::to_string(actor.dropped));
  return row;
}

TextTable table_of(std::vector<Column> columns, std::vector<Row> rows, Sort sort) {
  if (sort != Sort::as_it_is) {
    std::ranges::stable_sort(rows, std::greater<>{}, &Row::weight);
  }
  TextTable table{std::move(columns)};
  for (Row& row : rows) {
    table.add(std::move(row.texts));
  }
  return table;
}

}  // namespace

Result<Sort> parse_sort(std::string_view name, std::string_view text) {
  for (const SortName& each : kSorts) {
    if (each.name == text) return each.sort;
  }
  return wrong(std::string{name} + " takes mailbox, age, handling, rate, dropped or id, not \"" +
               std::string{text} + "\"");
}

std::string_view name_of(Sort sort) {
  return std::ranges::find(kSorts, sort, &SortName::sort)->name;
}

double Rates::rate(const Key& key, std::uint64_t handled, Duration uptime) {
  const auto [at, is_new] = looks_.try_emplace(key, Look{handled, uptime, -1});
  Look& look = at->second;
  const double passed = std::chrono::duration<double>(uptime - look.uptime).count();
  if (!is_new && passed > 0) {
    const double more = handled > look.handled ? static_cast<double>(handled - look.handled) : 0;
    look = {handled, uptime, more / passed};
  }
  return look.rate;
}

TextTable program_table(const std::vector<Program>& programs, Sort sort, Rates* rates) {
  std::vector<Column> columns{{"PID", Align::right},      {"PROGRAM", Align::name},
                              {"UP", Align::right},       {"ACTORS", Align::right},
                              {"RUNNING", Align::right},  {"WAITING", Align::right},
                              {"MAILBOX", Align::right},  {"OLDEST", Align::right},
                              {"HANDLING", Align::right}, {"HANDLED", Align::right}};
  if (rates != nullptr) columns.push_back({"RATE/s", Align::right});
  columns.push_back({"DROPPED", Align::right});
  std::vector<Row> rows;
  for (const TreeRow& at : tree_of(programs)) {
    rows.push_back(row_of(at, sort, rates));
  }
  return table_of(std::move(columns), std::move(rows), sort);
}

TextTable actor_table(const Program& program, Sort sort, Rates* rates) {
  std::vector<Column> columns{{"ID"},
                              {"NAME", Align::name},
                              {"CLASS", Align::name},
                              {"STATE"},
                              {"MAILBOX", Align::right},
                              {"OLDEST", Align::right},
                              {"HANDLER", Align::name},
                              {"FOR", Align::right},
                              {"WAITS FOR", Align::name},
                              {"HANDLED", Align::right}};
  if (rates != nullptr) columns.push_back({"RATE/s", Align::right});
  columns.push_back({"RESTARTS", Align::right});
  columns.push_back({"DROPPED", Align::right});
  std::vector<Row> rows;
  for (const ActorStats& actor : program.report->stats.actors) {
    rows.push_back(row_of(program, actor, sort, rates));
  }
  return table_of(std::move(columns), std::move(rows), sort);
}

TextTable link_table(const node::ProgramReport& report) {
  TextTable table{{{"LINK TO", Align::name},
                   {"PID", Align::right},
                   {"OVER", Align::name},
                   {"ROUND TRIP", Align::right},
                   {"SENT", Align::right},
                   {"RECEIVED", Align::right},
                   {"QUEUED", Align::right},
                   {"ACTORS", Align::right},
                   {"OUT", Align::right}}};
  for (const node::LinkReport& link : report.links) {
    const auto micros = link.round_trip / std::chrono::microseconds{1};
    table.add({link.node, std::to_string(link.pid), link.over,
               micros > 0 && micros < 1000 ? std::to_string(micros) + "us"
                                           : short_text_of(link.round_trip),
               bytes_text(link.sent), bytes_text(link.received), bytes_text(link.queued),
               std::to_string(link.lines),
               std::to_string(link.messages_out) + " (" + bytes_text(link.bytes_out) + ")"});
  }
  return table;
}

std::string heading_of(const node::ProgramReport& report) {
  const Stats& stats = report.stats;
  std::string text = printable(title_of(report)) + " (" + std::to_string(report.pid) + "), up " +
                     text_of(report.uptime) + ", troupe " + printable(report.version);
  if (!report.build_id.empty()) {
    text += ", build " + printable(report.build_id.substr(0, 12));
  }
  text += ": " + count_text(sum_of(stats, "troupe_actors")) + " actors, " +
          count_text(sum_of(stats, "troupe_workers")) + " workers, " +
          count_text(sum_of(stats, "troupe_workers_asleep")) + " of them asleep";
  if (!report.metrics.empty()) {
    text += "; metrics at " + printable(report.metrics);
  }
  return text + (report.stopping ? "; it is stopping" : "");
}

}  // namespace troupe::tools
