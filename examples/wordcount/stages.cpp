// SPDX-License-Identifier: Apache-2.0
#include "wordcount/stages.hpp"

#include "wordcount/chunks.hpp"
#include "wordcount/tally.hpp"

#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_gettime is POSIX
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <map>
#include <utility>

namespace wordcount {

using troupe::Queue;
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

void read_files(Sender<Report> main, const Input& input, const std::string& chunks_at) {
  die_when_told();
  auto queue = Queue<Chunk>::open(*troupe::Runtime::current(), chunks_at).value();
  Chunks chunks{input};
  Report report;
  troupe::Deadline next_report = 50ms;
  while (const auto chunk = chunks.next()) {
    queue.put(*chunk).value();
    report.files += chunk->files;
    report.bytes += chunk->bytes;
    if (next_report.passed()) {
      tell(main, report, chunks);
      next_report = 50ms;
    }
  }
  queue.close().value();
  tell(main, report, chunks);
}

void count_words(const std::string& chunks_at, const std::string& counts_at,
                 const Queue<Begun>& main) {
  die_when_told();
  troupe::Runtime& runtime = *troupe::Runtime::current();
  const std::string name = troupe::this_process::name();
  main.put_confirmed({name, ::getpid()}).value();
  auto chunks = Queue<Chunk>::open(runtime, chunks_at).value();
  auto counts = Queue<Counts>::open(runtime, counts_at).value();
  for (auto& chunk : chunks) {
    Tally tally;
    Share share{name, chunk->files, chunk->bytes, 0, 0};
    share.words = tally.add_text(troupe::text_of(chunk->text.bytes()));
    share.cpu_seconds = cpu_seconds();
    chunk.emit(counts, Counts{tally.take().words, share}).value();
  }
}

void add_up(Sender<Report> main, const std::string& counts_at, Sender<Counts> table,
            std::uint64_t most) {
  die_when_told();
  auto queue = Queue<Counts>::open(*troupe::Runtime::current(), counts_at).value();
  Tally tally;
  Report report;
  std::map<std::string, Share> shares;
  for (auto& counts : queue) {
    for (const auto& [word, count] : counts->words) {
      tally.add(word, count);
      report.words += count;
    }
    Share& its = shares[counts->share.worker];
    its.worker = counts->share.worker;
    its.files += counts->share.files;
    its.bytes += counts->share.bytes;
    its.words += counts->share.words;
    its.cpu_seconds = counts->share.cpu_seconds;
  }
  report.different_words = tally.different_words();

  for (const Counts& batch : in_batches(tally.best(most))) {
    table.send(batch).value();
  }
  report.cpu_seconds = cpu_seconds();
  for (const auto& [worker, share] : shares) {
    report.shares.push_back(share);
  }
  main.send(report).value();
}

}  // namespace wordcount
