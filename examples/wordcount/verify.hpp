// SPDX-License-Identifier: Apache-2.0
#pragma once

// What --verify does.

#include "wordcount/messages.hpp"
#include "wordcount/tree.hpp"

#include <stop_token>
#include <vector>

namespace wordcount {

// Counts again in this process, and says on stderr whether that gives exactly `words`; whether it
// does. Throws Error: cancelled, when asked to stop.
bool verify(const Input& input, const std::vector<WordCount>& words, const Extent& total,
            const std::stop_token& stop);

}  // namespace wordcount
