// SPDX-License-Identifier: Apache-2.0
// troupe_bench: what troupe costs, beside what others cost and what the machine charges anyway.
//
// Each work is done by ours, by its peers and by the floor in turn, round after round, each time in
// processes started for it. Shown are the median and the spread of the rounds; a ratio is the
// median of the ratios of each round. Budgets are those of docs/benchmarks.md; a miss is shown as
// one.
#include "questions.hpp"
#include "report.hpp"
#include "started_again.hpp"
#include "troupe/runtime/runtime.hpp"

#include <cstdio>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr const char* kHelp = R"(usage: troupe_bench [--quick] [--json FILE] [FILTER]
       troupe_bench --list [FILTER]

Measures ours, peers and floors side by side; the works whose name contains FILTER, or all.

  --quick      short rounds, to try it; the figures mean little
  --json FILE  also writes a line of JSON a work
  --list       names the works, and measures nothing
  --help       this text
)";

struct Options {
  bool help = false;
  bool list = false;
  std::string json;
  std::string filter;
  bench::Effort effort{.duration = 100ms, .rounds = 7};
};

// Nothing, when they make no sense.
std::optional<Options> parse(std::span<char*> arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (word == "--help" || word == "-h") {
      options.help = true;
    } else if (word == "--list") {
      options.list = true;
    } else if (word == "--quick") {
      options.effort = {.duration = 20ms, .rounds = 3};
    } else if (word == "--json" && i + 1 < arguments.size()) {
      options.json = arguments[++i];
    } else if (word.starts_with('-') || !options.filter.empty()) {
      return std::nullopt;
    } else {
      options.filter = word;
    }
  }
  return options;
}

// The questions, without the works that are not asked for.
std::vector<bench::Question> chosen(const std::string& filter) {
  std::vector<bench::Question> questions{
      bench::round_trips(),
      bench::shm_round_trips(),
      bench::streams(),
      bench::shm_streams(),
      bench::loans(),
      bench::codecs(),
      bench::process_starts(),
      bench::process_starts_by_exec(),
      bench::process_actors(),
      bench::program_runs(),
      bench::syscalls(),
      bench::stream_syscalls(),
      bench::allocations(),
      bench::connection_memory(),
      bench::actor_messages(),
      bench::actor_asks(),
      bench::actors_at_rest(),
      bench::node_ping_pongs(),
      bench::node_streams(),
      bench::node_asks(),
      bench::links(),
      bench::link_memory(),
      bench::over_zeromq(),
      bench::queues(),
      bench::queue_gets(),
      bench::queue_latency(),
      bench::queue_redelivery(),
  };
  for (auto& question : questions) {
    std::erase_if(question.works, [&](const bench::Work& work) {
      return work.name.find(filter) == std::string::npos;
    });
  }
  std::erase_if(questions, [](const bench::Question& question) { return question.works.empty(); });
  return questions;
}

void run(const std::vector<bench::Question>& questions, const Options& options) {
  std::optional<bench::JsonLines> json;
  if (!options.json.empty()) {
    json.emplace(options.json);
  }
  bench::Table table;
  table.begin(bench::this_machine(), options.effort);
  for (const auto& question : questions) {
    table.question(question);
    for (const auto& work : question.works) {
      const auto measured = bench::measure(work, options.effort);
      table.row(measured);
      if (json) {
        json->row(measured);
      }
    }
  }
  table.end();
}

int start(std::span<char*> arguments) {
  const auto options = parse(arguments);
  if (!options || options->help) {
    std::fputs(kHelp, options ? stdout : stderr);
    return options ? 0 : 2;
  }
  const auto questions = chosen(options->filter);
  if (questions.empty()) {
    std::fprintf(stderr, "troupe_bench: no work's name contains \"%s\"; --list has them\n",
                 options->filter.c_str());
    return 2;
  }
  if (options->list) {
    for (const auto& question : questions) {
      for (const auto& work : question.works) {
        std::puts(work.name.c_str());
      }
    }
    return 0;
  }
  run(questions, *options);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && argv[1] == std::string_view{bench::kBeAChild}) {
    const troupe::Runtime runtime{argc, argv};
    return 1;
  }
  if (argc == 2 && argv[1] == std::string_view{bench::kReturnAtOnce}) return 0;
  try {
    return start(std::span{argv, static_cast<std::size_t>(argc)}.subspan(1));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "troupe_bench: %s\n", error.what());
    return 1;
  }
}
