// SPDX-License-Identifier: Apache-2.0
#pragma once

// The questions this benchmark asks, each in a file of its own, whose first comment is the method.

#include "exchange.hpp"
#include "work.hpp"

#include <string>

namespace bench {

Question round_trips();      // round_trip.cpp
Question shm_round_trips();  // shared_memory.cpp
Question streams();          // stream.cpp
Question shm_streams();      // shared_memory.cpp
Question codecs();           // codec.cpp
Question process_starts();   // process_start.cpp
Question process_starts_by_exec();
Question process_actors();  // process_actors.cpp
Question program_runs();    // program_run.cpp
Question syscalls();        // syscalls.cpp
Question stream_syscalls();
Question allocations();        // allocations.cpp
Question connection_memory();  // connection_memory.cpp
Question loans();              // loans.cpp
Question queues();             // queue.cpp
Question queue_gets();
Question queue_latency();  // queue_latency.cpp
Question queue_redelivery();
Question actor_messages();  // actors.cpp
Question actor_asks();
Question actors_at_rest();
Question node_ping_pongs();  // nodes.cpp
Question node_streams();
Question node_asks();
Question links();  // links.cpp
Question link_memory();
Question over_zeromq();  // over_zeromq.cpp

// What several questions ask of us.
double our_round_trip(const RoundTrip& trip, const Meter& meter);  // round_trip.cpp
double our_stream(const Stream& stream, const Meter& meter);       // stream.cpp

// The address of a pair over that scheme.
std::string pair_address(const std::string& scheme);  // round_trip.cpp

}  // namespace bench
