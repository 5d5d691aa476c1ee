// SPDX-License-Identifier: Apache-2.0
// Counts the words of a directory tree in a pipeline of processes: one reads, several count, one
// adds up. Shows queues over a transport that is chosen by name, workers under a supervisor that
// may be killed at any time without a word lost or counted twice (stages.cpp, workers.cpp), and
// waiting for many things at once (crew.cpp).
//
//   ./dev run --chaos 5 --verify      (which is build/release/bin/wordcount; --help lists the
//   options)
//
// prints the most frequent words to stdout, a word and its count a line; progress goes to stderr.

#include "wordcount/crew.hpp"
#include "wordcount/options.hpp"
#include "wordcount/stages.hpp"
#include "wordcount/summary.hpp"
#include "wordcount/verify.hpp"
#include "wordcount/workers.hpp"

#include <troupe/transports/private_directory.hpp>
#include <troupe/troupe.hpp>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <limits>
#include <span>

namespace wordcount {
namespace {

// Where the processes find a queue.
troupe::Address meeting_place(const std::string& transport, const std::string& name) {
  const std::string unique = "wordcount-" + std::to_string(::getpid()) + "-" + name;
  if (transport == "tcp") {
    return "tcp://127.0.0.1:0/" + name;
  }
  if (transport == "shm") {
    return "shm://" + unique;
  }
  return transport + ":" + troupe::transports::private_directory().value() + "/" + unique;
}

//   reader --> chunks --+--> worker-1 --+--> counts --> reducer --> main
//                       +--> worker-2 --+
//                       +--> ...      --+          chunks and counts are queues
std::vector<WordCount> count(troupe::Runtime& runtime, const Options& options, const Extent& total,
                             std::string& summary) {
  Progress progress{total, STDERR_FILENO};
  auto chunks = troupe::Queue<Chunk>::create(runtime, meeting_place(options.transport, "chunks"),
                                             {.capacity = options.workers + 2})
                    .value();
  auto counts =
      troupe::Queue<Counts>::create(runtime, meeting_place(options.transport, "counts")).value();
  Workers workers{runtime, options.workers, chunks, counts, options.chaos};
  Crew crew{runtime};
  auto table = troupe::one_way_pipe<Counts>(runtime, "unix:").value();
  const auto most = options.verify ? std::numeric_limits<std::uint64_t>::max() : options.top;
  const auto& reducer =
      crew.start("reducer", add_up, counts.address().text(), std::move(table.sender), most);
  const auto& reader = crew.start("reader", read_files, options.input, chunks.address().text());

  auto words = crew.watch(std::move(table.receiver), reader, workers, progress);
  summary = crew.summary(reader, workers, reducer, progress.seconds());
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
    // Whoever notices the end of the others first says so, instead of what it has been told.
    const bool interrupted =
        error == troupe::Code::cancelled || runtime.stop_token().stop_requested();
    std::cerr << "wordcount: " << (interrupted ? "interrupted" : error.what()) << '\n';
    return interrupted ? 130 : 1;
  }
}
