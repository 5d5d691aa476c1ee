// SPDX-License-Identifier: Apache-2.0
#pragma once

// Python's multiprocessing, Debian's python3: python_peer.py beside this says what it does.

#include "../exchange.hpp"
#include "../queue_run.hpp"

#include <string>
#include <vector>

namespace bench::python {

// Seconds a step, as Meter has them: python_peer.py times itself.
double round_trip(const RoundTrip& trip, std::chrono::nanoseconds duration);
double stream(const Stream& stream, std::chrono::nanoseconds duration);

// Messages of so many bytes in SharedMemory blocks, of which a Pipe tells. Copied into the block
// and out of it; or viewed: their first and last 8 bytes are written there, and checked there.
enum class Use { copied, viewed };
double shared_memory(std::size_t size, Use use, std::chrono::nanoseconds duration);

// Seconds that starting a process that does nothing and waiting for its end takes, from one that
// holds so much memory. `method` is fork or spawn.
double process_start(const std::string& method, std::size_t image_bytes,
                     std::chrono::nanoseconds duration);
// Seconds that subprocess.run of /bin/true takes, from a process that holds so much memory.
double program_run(std::size_t image_bytes, std::chrono::nanoseconds duration);

// Seconds that an item takes through a multiprocessing.Queue, whose scheme and finish are of no
// matter; and from its put to its taking, one at a time.
double queue(const QueueUse& use, std::chrono::nanoseconds duration);
double put_to_take(Quantile which, std::chrono::nanoseconds duration);

}  // namespace bench::python
