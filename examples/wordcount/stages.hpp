// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the processes of the pipeline do, each in one function. A function gets what it needs as
// arguments; queues are found by their addresses, as programs that were started apart would. An
// error ends the process; main is told which one.

#include "wordcount/messages.hpp"
#include "wordcount/tree.hpp"

#include <troupe/troupe.hpp>

#include <cstdint>
#include <string>

namespace wordcount {

// Reads all files into the queue, which holds few chunks: the reader waits for the workers.
void read_files(troupe::Sender<Report> main, const Input& input, const std::string& chunks);

// Counts chunk after chunk, until there are no more. One that is killed loses nothing: its chunk is
// given to another one, and what it had told of it counts once.
void count_words(const std::string& chunks, const std::string& counts,
                 const troupe::Queue<Begun>& main);

// Adds up what the workers say until all is counted; then sends the `most` most frequent words.
void add_up(troupe::Sender<Report> main, const std::string& counts, troupe::Sender<Counts> table,
            std::uint64_t most);

}  // namespace wordcount
