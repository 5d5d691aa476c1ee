// SPDX-License-Identifier: Apache-2.0
#include "wordcount/crew.hpp"

#include "wordcount/summary.hpp"
#include "wordcount/text.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>

namespace wordcount {

using troupe::Exit;

namespace {

using namespace std::chrono_literals;

// Things to wait for, and what to do with each that is ready.
class Cases final {
 public:
  template <class Thing>
  void on(Thing&& thing, std::function<void()> action) {
    things_.emplace_back(thing);
    actions_.push_back(std::move(action));
  }
  void run_one_round(troupe::Runtime& runtime) const {
    const auto ready = troupe::wait_any(runtime, things_).value();
    for (const std::size_t thing : ready) {
      actions_[thing]();
    }
  }

 private:
  std::vector<troupe::Waitable> things_;
  std::vector<std::function<void()>> actions_;
};

}  // namespace

Crew::~Crew() {
  for (Member& member : members_) {
    (void)member.process.terminate();  // all at once; each destructor then waits for its own
  }
}

std::vector<WordCount> Crew::watch(troupe::Receiver<Counts> table, const Member& reader,
                                   Workers& workers, Progress& progress) {
  std::vector<WordCount> words;
  bool table_open = true;
  troupe::Deadline redraw = 0s;
  while (table_open || !std::ranges::all_of(members_, &Member::ended)) {
    Cases cases;
    if (table_open) {
      cases.on(table, [&] {
        auto counts = table.receive();
        table_open = counts.has_value();  // why it ended, the exit of its sender will tell
        if (counts) std::ranges::move(counts->words, std::back_inserter(words));
      });
    }
    for (Member& member : members_) {
      if (member.reporting) {
        cases.on(member.reports, [&] { take_report(member, progress); });
      } else if (!member.ended) {
        cases.on(member.process, [&] { take_exit(member); });
      }
    }
    cases.on(redraw, [&] {
      for (const std::string& line : workers.look()) {
        progress.note(line);
      }
      progress.show({reader.report.files, reader.report.bytes});
      redraw = workers.will_kill() ? 20ms : 100ms;
    });
    cases.run_one_round(runtime_);
  }
  return words;
}

std::string Crew::summary(const Member& reader, const Workers& workers, const Member& reducer,
                          double seconds) const {
  std::vector<Stage> stages{{reader.process.name(), reader.report}};
  for (const std::string& name : workers.names()) {
    Report report;
    for (const Share& share : reducer.report.shares) {
      if (share.worker == name) {
        report.files = share.files;
        report.bytes = share.bytes;
        report.words = share.words;
        report.cpu_seconds = share.cpu_seconds;
      }
    }
    stages.push_back({name, report});
  }
  stages.push_back({reducer.process.name(), reducer.report});
  std::string text =
      stages_text(stages) + total_text(reader.report, reducer.report, seconds, unreadable_);
  if (workers.killed() > 0) {
    text += std::to_string(workers.killed()) + " workers were killed on the way\n";
  }
  return text;
}

void Crew::take_report(Member& member, Progress& progress) {
  auto report = member.reports.receive();
  if (!report) {
    member.reporting = false;
    return;
  }
  for (const Unreadable& unread : report->unreadable) {
    progress.note("cannot read " + printable(unread.path) + ": " + unread.why);
    ++unreadable_;
  }
  member.report = std::move(*report);
}

void Crew::take_exit(Member& member) {
  member.ended = true;
  const Exit exit = member.process.join().value();
  if (!exit.ok()) {
    throw troupe::Error{troupe::Code::failed, cause_of(exit).text()};
  }
}

// Whoever talks to a process that is killed soon fails, too: the one that was killed is the cause.
Exit Crew::cause_of(Exit exit) {
  const troupe::Deadline soon = 1s;
  while (exit.kind != Exit::Kind::killed) {
    std::vector<troupe::Waitable> alive;
    for (Member& member : members_) {
      if (const auto other = member.process.exit(); !other) {
        alive.emplace_back(member.process);
      } else if (other->kind == Exit::Kind::killed) {
        return *other;
      }
    }
    if (alive.empty() || !troupe::wait_any(runtime_, alive, soon)) break;
  }
  return exit;
}

}  // namespace wordcount
