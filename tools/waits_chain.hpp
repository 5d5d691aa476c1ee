// SPDX-License-Identifier: Apache-2.0
#pragma once

// Why an actor does not go on: whom it waits for, whom that one waits for, and so to the end, in
// words.

#include "troupe/base/result.hpp"
#include "troupe/runtime/actor/stats.hpp"
#include "troupe/runtime/node/inspection.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::tools {

// The actor that is called so, by its name, else its id, else its class; null: none. Errors:
// invalid_argument (several are; it names their ids).
Result<const ActorStats*> find_actor(const Stats& stats, std::string_view called);

// A sentence for each actor on the way.
std::vector<std::string> explain(const node::ProgramReport& report, const ActorStats& actor);

// What it is doing, as the end of a sentence: "is idle".
std::string doing_of(const ActorStats& actor);

}  // namespace troupe::tools
