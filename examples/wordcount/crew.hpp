// SPDX-License-Identifier: Apache-2.0
#pragma once

// Crew: the two processes of one count that cannot be replaced, and what all have done. When one of
// them ends badly, so does the count; when the crew is gone, none is left running.

#include "wordcount/messages.hpp"
#include "wordcount/progress.hpp"
#include "wordcount/workers.hpp"

#include <troupe/troupe.hpp>

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace wordcount {

class Crew final {
 public:
  struct Member {
    Member(troupe::Process its_process, troupe::Receiver<Report> its_reports)
        : process(std::move(its_process)), reports(std::move(its_reports)) {}

    troupe::Process process;
    troupe::Receiver<Report> reports;
    Report report;  // the last one
    bool reporting = true;
    bool ended = false;
  };

  explicit Crew(troupe::Runtime& runtime) : runtime_(runtime) {}
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew();

  // Starts the process that runs body(Sender<Report>, arguments…). Throws Error.
  template <class Body, class... Arguments>
  const Member& start(const std::string& name, Body body, Arguments&&... arguments) {
    auto reports = troupe::one_way_pipe<Report>(runtime_).value();
    troupe::Process process{runtime_,
                            {.name = name},
                            body,
                            std::move(reports.sender),
                            std::forward<Arguments>(arguments)...};
    return members_.emplace_back(std::move(process), std::move(reports.receiver));
  }

  // Waits until all processes have ended, and returns what came through `table`; meanwhile shows
  // how far `reader` is, and has `workers` look. Throws Error: failed, if a process ended badly (it
  // says which one and how), and cancelled after Ctrl-C.
  std::vector<WordCount> watch(troupe::Receiver<Counts> table, const Member& reader,
                               Workers& workers, Progress& progress);

  // What each has done, and all of them in so many seconds.
  std::string summary(const Member& reader, const Workers& workers, const Member& reducer,
                      double seconds) const;

 private:
  void take_report(Member& member, Progress& progress);
  void take_exit(Member& member);
  troupe::Exit cause_of(troupe::Exit exit);

  troupe::Runtime& runtime_;
  std::deque<Member> members_;    // a reference to one stays valid
  std::uint64_t unreadable_ = 0;  // files and directories
};

}  // namespace wordcount
