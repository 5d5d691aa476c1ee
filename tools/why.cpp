// SPDX-License-Identifier: Apache-2.0
#include "tools/why.hpp"

#include "tools/look_options.hpp"
#include "tools/programs.hpp"
#include "tools/screen.hpp"
#include "tools/status.hpp"
#include "tools/text_table.hpp"
#include "tools/waits_chain.hpp"

#include <iostream>

namespace troupe::tools {

int why(std::span<const char* const> arguments) {
  auto options = parse_look_options(Look::why, arguments);
  if (!options) return wrong_command_line("why", options.error());
  if (options->help) {
    std::cout << look_usage(Look::why);
    return kDone;
  }
  const auto programs = look_at(*options->target, node::Detail::actors);
  if (!programs) return failed("why", programs.error());
  std::string remark;
  for (const Program& program : *programs) {
    const node::ProgramReport& report = *program.report;
    const auto actor = find_actor(report.stats, options->actor);
    if (!actor) return failed("why", actor.error());
    if (*actor == nullptr) {
      remark = remark_on_rows(report);
      continue;
    }
    for (const std::string& sentence : explain(report, **actor)) {
      std::cout << printable(sentence) << '\n';
    }
    return written("why");
  }
  const std::string pid = text_of(*options->target);
  return failed("why",
                Error{Code::not_found, "program " + pid + " has no actor \"" + options->actor +
                                           "\"; troupe ps " + pid + " lists them" +
                                           (remark.empty() ? "" : " (" + remark + ")")});
}

}  // namespace troupe::tools
