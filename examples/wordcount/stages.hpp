// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the processes of the pipeline do, each in one function. A function gets what it needs as
// arguments: the ends of its pipes are moved into its process. An error ends the process; main is
// told which one.

#include "wordcount/messages.hpp"
#include "wordcount/tree.hpp"

#include <troupe/troupe.hpp>

#include <cstdint>
#include <vector>

namespace wordcount {

// Reads all files, and hands a chunk to each worker that asks for one: a slow worker keeps nobody
// waiting, and no more than a chunk for each worker is under way.
void read_files(troupe::Sender<Report> main, const Input& input,
                std::vector<troupe::Pipe<Chunk, More>> workers);

// Counts chunk after chunk, until the reader closes.
void count_words(troupe::Sender<Report> main, troupe::Pipe<More, Chunk> reader,
                 troupe::Sender<Counts> reducer);

// Adds up what the workers send until all have closed; then sends the `most` most frequent words.
void add_up(troupe::Sender<Report> main, std::vector<troupe::Receiver<Counts>> workers,
            troupe::Sender<Counts> table, std::uint64_t most);

}  // namespace wordcount
