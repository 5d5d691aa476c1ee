// SPDX-License-Identifier: Apache-2.0
#include "tools/look_options.hpp"

#include "tools/arguments.hpp"

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

  --sort KEY           the largest first: mailbox, age, handling, rate, dropped; or id (default)

Seen are programs that begin with Runtime{argc, argv}, once they have actors, and others with
RuntimeOptions::inspect = Inspect::on. A PID is one of this machine. A URL is where a node listens,
of whatever machine, such as tls://hosta:7000; of it:

  --authkey-file FILE  prove to each other to know the key in FILE, which the node listens with
  --trust FILE         of tls: whose certificates to believe (those that the system does)
  --certificate FILE, --private-key FILE  of tls: who you are, where the node wants to know
)"},
    Texts{
        "why",
        R"(troupe why PID|URL ACTOR: why the actor does not go on: whom it waits for, and whom that one does

ACTOR is its name, its id as troupe ps PID lists it (17.3), or its class where there is one of it.
Of a URL: the options that troupe ps has.
)"},
    Texts{
        "stacks",
        R"(troupe stacks PID|URL: the actors that run and those that wait within a handler: for whom, since when

Functions and lines are for a debugger: gdb -x troupe_gdb.py -p PID, then troupe fibers bt.
Of a URL: the options that troupe ps has.
)"},
    Texts{"top", R"(troupe top [PID|URL]: as troupe ps, again and again, until q or Ctrl-C

  --sort KEY       the largest first: mailbox, age, handling, rate, dropped; or id (default)
  --every SECONDS  between two looks (1)
  and of a URL those that troupe ps has

Keys: m a h r d i sort by mailbox, age, handling, rate, dropped, id; space looks at once; q ends.
Where the output is no terminal it is written once.
)"},
};

Result<Duration> seconds(std::string_view text) {
  const auto number = number_of<double>(text);
  if (number && *number >= 0.1 && *number <= 3600) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>{*number});
  }
  return wrong("--every takes seconds from 0.1 to 3600, not \"" + std::string{text} + "\"");
}

Result<std::filesystem::path> path(std::string_view text) {
  return std::filesystem::path{text};
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
    if (at_.is("--help") || at_.is("-h")) {
      options_.help = true;
      return at_.no_value();
    }
    if (lists && at_.is("--sort")) return value(options_.sort, parse_sort);
    if (look_ == Look::top && at_.is("--every")) return value(options_.every, seconds);
    TlsOptions& tls = options_.connect.tls;
    if (at_.is("--authkey-file")) return value(options_.key_file, path);
    if (at_.is("--trust")) return value(tls.trust, path);
    if (at_.is("--certificate")) return value(tls.certificate, path);
    if (at_.is("--private-key")) return value(tls.private_key, path);
    return wrong("there is no option " + std::string{at_.text()});
  }

  template <class Place, class Parse>
  Result<void> value(Place& place, Parse parse) {
    const auto text = at_.value();
    if (!text) return text.error();
    auto parsed = parse(*text);
    if (!parsed) return parsed.error();
    place = *parsed;
    return {};
  }

  Result<void> complete() {
    if (options_.target) {
      options_.target->connect = options_.connect;
      options_.target->key_file = options_.key_file;
    }
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
};

}  // namespace

std::string_view name_of(Look look) {
  return kTexts.at(static_cast<std::size_t>(look)).name;
}

std::string_view look_usage(Look look) {
  return kTexts.at(static_cast<std::size_t>(look)).usage;
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
