// SPDX-License-Identifier: Apache-2.0
#include "wordcount/stages.hpp"

#include "wordcount/chunks.hpp"
#include "wordcount/tally.hpp"

#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_gettime is POSIX

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <utility>

namespace wordcount {

using troupe::Code;
using troupe::Pipe;
using troupe::Receiver;
using troupe::Sender;

namespace {

using namespace std::chrono_literals;

// A stage that is told to end does so at once, and counts as killed: half a result is of no use.
void die_when_told() {
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGINT, SIG_DFL);
}

double cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

// Tells main how far the reader is; what could not be read is told once.
void tell(Sender<Report>& main, Report& report, Chunks& chunks) {
  report.unreadable = chunks.take_unreadable();
  report.cpu_seconds = cpu_seconds();
  main.send(report).value();
}

}  // namespace

void read_files(Sender<Report> main, const Input& input, std::vector<Pipe<Chunk, More>> workers) {
  die_when_told();
  Chunks chunks{input};
  Report report;
  troupe::Deadline next_report = 50ms;
  const std::vector<troupe::Waitable> requests(workers.begin(), workers.end());
  for (auto chunk = chunks.next(); chunk;) {
    const auto asking = troupe::wait_any(requests).value();
    for (const std::size_t worker : asking) {
      workers[worker].receive().value();
      workers[worker].send(*chunk).value();
      report.files += chunk->files;
      report.bytes += chunk->bytes;
      chunk = chunks.next();
      if (!chunk) break;
    }
    if (next_report.passed()) {
      tell(main, report, chunks);
      next_report = 50ms;
    }
  }
  // Each worker asks once more than there are chunks. To close with something unread would break a
  // TCP connection, and what is still on its way there would be lost.
  for (auto& worker : workers) {
    worker.receive().value();
  }
  tell(main, report, chunks);
}

void count_words(Sender<Report> main, Pipe<More, Chunk> reader, Sender<Counts> reducer) {
  die_when_told();
  Tally tally;
  Report report;
  reader.send({}).value();
  for (const Chunk& chunk : reader) {
    report.files += chunk.files;
    report.bytes += chunk.bytes;
    report.words += tally.add_text(troupe::text_of(chunk.text.bytes()));
    if (tally.fills_a_batch()) {
      reducer.send(tally.take()).value();
    }
    reader.send({}).value();
  }
  reducer.send(tally.take()).value();
  report.cpu_seconds = cpu_seconds();
  main.send(report).value();
}

void add_up(Sender<Report> main, std::vector<Receiver<Counts>> workers, Sender<Counts> table,
            std::uint64_t most) {
  die_when_told();
  Tally tally;
  Report report;
  while (!workers.empty()) {
    const auto ready = troupe::wait_any({workers.begin(), workers.end()}).value();
    for (const std::size_t worker : ready) {
      const auto counts = workers[worker].receive();
      if (!counts && counts.error() == Code::closed) {
        workers[worker].close();
        continue;
      }
      for (const auto& [word, count] : counts.value().words) {
        tally.add(word, count);
        report.words += count;
      }
    }
    std::erase_if(workers, [](const auto& worker) { return worker.ready_fd() < 0; });
  }
  report.different_words = tally.different_words();

  for (const Counts& batch : in_batches(tally.best(most))) {
    table.send(batch).value();
  }
  report.cpu_seconds = cpu_seconds();
  main.send(report).value();
}

}  // namespace wordcount
