// SPDX-License-Identifier: Apache-2.0
#include "tools/look_options.hpp"

#include "tools/arguments.hpp"
#include "tools/connect_options.hpp"

#include <array>
#include <iterator>
#include <utility>

namespace troupe::tools {
namespace {

struct Texts {
  std::string_view name;
  std::string_view usage;
};
constexpr std::array kTexts{
    Texts{"ps",
          R"(troupe ps: lists your running troupe programs, with the processes that they started
troupe ps PID, troupe ps URL: lists the actors of one, and its links to other nodes

Seen are programs that begin with Runtime{argc, argv}, once they have actors, and others with
RuntimeOptions::inspect = Inspect::on. A PID is one of this machine. A URL is where a node listens,
of whatever machine, such as tls://hosta:7000.

  --sort KEY               the largest first: mailbox, age, handling, rate, dropped; or id (default)
)"},
    Texts{
        "why",
        R"(troupe why PID|URL ACTOR: why the actor does not go on: whom it waits for, and whom that one does

ACTOR is its name, its id as troupe ps PID lists it (17.3), or its class where there is one of it.

)"},
    Texts{
        "stacks",
        R"(troupe stacks PID|URL: the actors that run and those that wait within a handler: for whom, since when

Functions and lines are for a debugger: gdb -x troupe_gdb.py -p PID, then troupe fibers bt.

)"},
    Texts{"top", R"(troupe top [PID|URL]: as troupe ps, again and again, until q or Ctrl-C

Keys: m a h r d i sort by mailbox, age, handling, rate, dropped, id; space looks at once; q ends.
Where the output is no terminal it is written once.

  --sort KEY               the largest first: mailbox, age, handling, rate, dropped; or id (default)
  --every SECONDS          between two looks (1)
)"},
};

Result<Duration> every(std::string_view name, std::string_view text) {
  const auto number = number_of<double>(text);
  if (number && *number >= 0.1 && *number <= 3600) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>{*number});
  }
  return wrong(std::string{name} + " takes seconds from 0.1 to 3600, not \"" + std::string{text} +
               "\"");
}

class Parsing final {
 public:
  Parsing(Look look, LookOptions& options, std::span<const char* const> arguments)
      : look_(look), options_(options), at_(arguments) {}

  Result<void> all() {
    while (at_.next()) {
      if (auto parsed = at_.is_plain() ? plain() : option(); !parsed) return parsed;
    }
    return options_.help ? Result<void>{} : complete();
  }

 private:
  Result<void> plain() {
    if (!options_.target) {
      auto target = parse_target(at_.text());
      if (!target) return target.error();
      options_.target = *target;
      return {};
    }
    if (look_ != Look::why || !options_.actor.empty()) {
      return wrong("what is \"" + std::string{at_.text()} + "\" for?");
    }
    options_.actor = at_.text();
    return {};
  }

  Result<void> option() {
    const bool lists = look_ == Look::ps || look_ == Look::top;
    if (at_.is("--help") || at_.is("-h")) return at_.flag(options_.help);
    if (lists && at_.is("--sort")) return at_.value(options_.sort, parse_sort);
    if (look_ == Look::top && at_.is("--every")) return at_.value(options_.every, every);
    if (const auto taken = take_connect_option(at_, choice_)) return *taken;
    return wrong("there is no option " + std::string{at_.text()});
  }

  Result<void> complete() {
    if (options_.target) options_.target->choice = choice_;
    if (!options_.target && (look_ == Look::why || look_ == Look::stacks)) {
      return wrong("of which program? Say its PID or URL; troupe ps lists them");
    }
    if (look_ == Look::why && options_.actor.empty()) {
      return wrong("which actor? Say its name or id; troupe ps " + text_of(*options_.target) +
                   " lists them");
    }
    return {};
  }

  const Look look_;
  LookOptions& options_;
  Arguments at_;
  ConnectChoice choice_;
};

}  // namespace

std::string_view name_of(Look look) {
  return kTexts.at(static_cast<std::size_t>(look)).name;
}

std::string look_usage(Look look) {
  return std::string{kTexts.at(static_cast<std::size_t>(look)).usage}
      .append("of a URL:\n")
      .append(connect_usage());
}

Result<LookOptions> parse_look_options(Look look, std::span<const char* const> arguments) {
  LookOptions options;
  if (auto parsed = Parsing{look, options, arguments}.all(); !parsed) return parsed.error();
  return options;
}

Result<std::vector<std::string>> list(LookOptions& options, Rates* rates, std::size_t width) {
  std::vector<std::string> lines;
  const auto add = [&](std::vector<std::string> more) {
    lines.insert(lines.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
  };
  if (!options.target) {
    const auto programs = look_at_all(node::Detail::summary);
    if (programs.empty()) {
      return std::vector<std::string>{"no troupe program of yours is running that has actors"};
    }
    add(program_table(programs, options.sort, rates).lines(width));
    return lines;
  }
  const auto programs = look_at(*options.target, node::Detail::actors);
  if (!programs) return programs.error();
  for (const Program& program : *programs) {
    add({cut(heading_of(*program.report), width)});
    add(actor_table(program, options.sort, rates).lines(width));
    if (auto remark = remark_on_rows(*program.report); !remark.empty()) add({std::move(remark)});
    if (!program.report->links.empty()) {
      add({""});
      add(link_table(*program.report).lines(width));
    }
  }
  return lines;
}

}  // namespace troupe::tools
