// SPDX-License-Identifier: Apache-2.0
// Counts the words of a directory tree in a pipeline of processes: one reads, several count, one
// adds up. Shows typed pipes over a transport that is chosen by name, their ends moved into
// processes, waiting for many things at once (stages.cpp, crew.cpp), and the end when a process is
// killed.
//
//   ./dev run --transport tcp      (which is build/release/bin/wordcount; --help lists the options)
//
// prints the most frequent words to stdout, a word and its count a line; progress goes to stderr.

#include "wordcount/crew.hpp"
#include "wordcount/options.hpp"
#include "wordcount/stages.hpp"
#include "wordcount/summary.hpp"
#include "wordcount/verify.hpp"

#include <troupe/troupe.hpp>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <limits>
#include <span>

namespace wordcount {
namespace {

//             +--> worker 1 --+
//   reader ---+--> worker 2 --+--> reducer --> main, to which each reports what it does
//             +--> ...      --+
std::vector<WordCount> count(troupe::Runtime& runtime, const Options& options, const Extent& total,
                             std::string& summary) {
  Progress progress{total, STDERR_FILENO};
  Crew crew{runtime};
  const troupe::Address over{options.transport + ":"};
  std::vector<troupe::Pipe<Chunk, More>> to_workers;
  std::vector<troupe::Receiver<Counts>> from_workers;
  for (std::size_t i = 1; i <= options.workers; ++i) {
    auto [to_worker, to_reader] = troupe::Pipe<Chunk, More>::create(runtime, over).value();
    auto counts = troupe::one_way_pipe<Counts>(runtime, over).value();
    crew.start("worker " + std::to_string(i), count_words, std::move(to_reader),
               std::move(counts.sender));
    to_workers.push_back(std::move(to_worker));
    from_workers.push_back(std::move(counts.receiver));
  }
  auto table = troupe::one_way_pipe<Counts>(runtime, over).value();
  const auto most = options.verify ? std::numeric_limits<std::uint64_t>::max() : options.top;
  const auto& reducer =
      crew.start("reducer", add_up, std::move(from_workers), std::move(table.sender), most);
  const auto& reader = crew.start("reader", read_files, options.input, std::move(to_workers));

  auto words = crew.watch(std::move(table.receiver), reader, progress);
  summary = crew.summary(reader, reducer, progress.seconds());
  return words;
}

int run(troupe::Runtime& runtime, const Options& options) {
  const Extent total = survey(options.input, runtime.stop_token()).value();
  std::string summary;
  const auto words = count(runtime, options, total, summary);
  const auto best = std::span{words}.first(std::min(options.top, words.size()));
  std::cout << table_text(best, ::isatty(STDOUT_FILENO) == 1) << std::flush;
  std::cerr << summary;
  if (!std::cout) {
    std::cerr << "wordcount: could not write the table to stdout\n";
    return 1;
  }
  return !options.verify || verify(options.input, words, total, runtime.stop_token()) ? 0 : 1;
}

}  // namespace
}  // namespace wordcount

int main(int argc, char** argv) {
  troupe::Runtime runtime{argc, argv, {.signals = troupe::SignalPolicy::stop_on_terminate}};
  const auto options = wordcount::parse_options({argv + 1, argv + argc});
  if (!options) {
    std::cerr << "wordcount: " << options.error().what() << "; --help lists the options\n";
    return 2;
  }
  if (options->help) {
    std::cout << wordcount::usage();
    return 0;
  }
  try {
    return wordcount::run(runtime, *options);
  } catch (const troupe::Error& error) {
    const bool interrupted = error == troupe::Code::cancelled;
    std::cerr << "wordcount: " << (interrupted ? "interrupted" : error.what()) << '\n';
    return interrupted ? 130 : 1;
  }
}
