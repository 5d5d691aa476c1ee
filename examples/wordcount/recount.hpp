// SPDX-License-Identifier: Apache-2.0
#pragma once

// The same count in the plainest way, to hold the pipeline's against: one process, byte by byte,
// nothing cut or put together.

#include "troupe/base/result.hpp"
#include "wordcount/messages.hpp"
#include "wordcount/tally.hpp"
#include "wordcount/tree.hpp"

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace wordcount {

struct Recount {
  Tally tally;
  Extent extent;
  std::uint64_t words = 0;
};

// Tells `progress` now and then how far it is. Errors: cancelled, when asked to stop.
troupe::Result<Recount> recount(const Input& input, const std::stop_token& stop,
                                const std::function<void(const Extent&)>& progress);

// Where the pipeline's `words` differ from the recount: up to a few lines; empty when nowhere.
std::string differences(const Recount& recount, const std::vector<WordCount>& words);

}  // namespace wordcount
