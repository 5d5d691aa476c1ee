// SPDX-License-Identifier: Apache-2.0
#include "wordcount/verify.hpp"

#include "wordcount/progress.hpp"
#include "wordcount/recount.hpp"
#include "wordcount/text.hpp"

#include <unistd.h>

namespace wordcount {

bool verify(const Input& input, const std::vector<WordCount>& words, const Extent& total,
            const std::stop_token& stop) {
  Progress progress{total, STDERR_FILENO};
  progress.note("counting again in one process");
  const auto plain = recount(input, stop, [&](const Extent& done) { progress.show(done); }).value();
  const auto found = differences(plain, words);
  progress.note(found.empty()
                    ? "verified: the same " + with_commas(plain.words) + " words, " +
                          with_commas(words.size()) + " different ones"
                    : "NOT verified: the counts differ; have files changed meanwhile?\n" + found);
  return found.empty();
}

}  // namespace wordcount
