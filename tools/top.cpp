// SPDX-License-Identifier: Apache-2.0
#include "tools/top.hpp"

#include "tools/listing.hpp"
#include "tools/look_options.hpp"
#include "tools/programs.hpp"
#include "tools/screen.hpp"
#include "tools/status.hpp"

#include <array>
#include <iostream>
#include <optional>

namespace troupe::tools {
namespace {

struct Key {
  char key;
  Sort sort;
};
constexpr std::array kKeys{Key{'m', Sort::mailbox},  Key{'a', Sort::age},
                           Key{'h', Sort::handling}, Key{'r', Sort::rate},
                           Key{'d', Sort::dropped},  Key{'i', Sort::as_it_is}};

std::string foot(const LookOptions& options) {
  return "sorted by " + std::string{name_of(options.sort)} +
         "; keys: m mailbox, a age, h handling, r rate, d dropped, i id; q ends";
}

// Until somebody ends it. Errors: what a look ends with; cancelled (Ctrl-C).
Result<void> refresh(LookOptions options) {
  Rates rates;
  Screen screen;
  for (;;) {
    auto lines = list(options, &rates, screen.width());
    if (!lines) return lines.error();
    lines->insert(lines->begin(), foot(options));
    screen.show(*lines);
    char key = 0;
    switch (screen.wait(options.every, key)) {
      case Screen::Event::time:
        break;
      case Screen::Event::ended:
        return Error{Code::cancelled, "Ctrl-C"};
      case Screen::Event::key:
        if (key == 'q') return {};
        for (const Key& each : kKeys) {
          if (each.key == key) options.sort = each.sort;
        }
    }
  }
}

}  // namespace

int top(std::span<const char* const> arguments) {
  auto options = parse_look_options(Look::top, arguments);
  if (!options) return wrong_command_line("top", options.error());
  if (options->help) {
    std::cout << look_usage(Look::top);
    return kDone;
  }
  if (!is_at_terminal()) {
    const auto lines = list(*options, nullptr, output_width());
    if (!lines) return failed("top", lines.error());
    for (const std::string& line : *lines) {
      std::cout << line << '\n';
    }
    return written("top");
  }
  try {
    const auto ended = refresh(*options);
    return ended ? kDone : failed("top", ended.error());
  } catch (const Error& error) {
    return failed("top", error);
  }
}

}  // namespace troupe::tools
