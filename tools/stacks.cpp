// SPDX-License-Identifier: Apache-2.0
#include "tools/stacks.hpp"

#include "tools/figures_text.hpp"
#include "tools/listing.hpp"
#include "tools/look_options.hpp"
#include "tools/programs.hpp"
#include "tools/screen.hpp"
#include "tools/status.hpp"
#include "tools/text_table.hpp"
#include "tools/waits_chain.hpp"

#include <iostream>
#include <string_view>

namespace troupe::tools {
namespace {

void write_those(const node::ProgramReport& report, std::string_view state,
                 std::string_view heading) {
  bool any = false;
  for (const ActorStats& actor : report.stats.actors) {
    if (actor.state != state) continue;
    if (!any) std::cout << heading << '\n';
    any = true;
    std::cout << "  " << printable(text_of(actor) + " " + doing_of(actor)) << '\n';
  }
}

}  // namespace

int stacks(std::span<const char* const> arguments) {
  auto options = parse_look_options(Look::stacks, arguments);
  if (!options) return wrong_command_line("stacks", options.error());
  if (options->help) {
    std::cout << look_usage(Look::stacks);
    return kDone;
  }
  const auto programs = look_at(*options->target, node::Detail::actors);
  if (!programs) return failed("stacks", programs.error());
  for (const Program& program : *programs) {
    std::cout << heading_of(*program.report) << '\n';
    write_those(*program.report, "running", "on a worker:");
    write_those(*program.report, "waiting", "suspended, each on a stack of its own:");
    if (const auto remark = remark_on_rows(*program.report); !remark.empty()) {
      std::cout << remark << '\n';
    }
  }
  std::cout << "Functions and lines are not read from outside: gdb -x troupe_gdb.py -p "
            << programs->front().report->pid << (options->target->pid == 0 ? " on its host" : "")
            << ", then troupe fibers bt for those that wait, thread apply all bt for the others.\n";
  return written("stacks");
}

}  // namespace troupe::tools
