// SPDX-License-Identifier: Apache-2.0
#pragma once

// Erlang/OTP's distribution: two emulators of this host, connected over TCP, without epmd, whose
// place erlang_nodes.erl takes. They are started for each figure, and time themselves.

#include <cstddef>
#include <cstdint>

namespace bench::erlang {

// Seconds each, where so many pairs of processes do `times` in all at once, a tenth before.
double remote_ping_pong(std::size_t pairs, std::uint64_t times);
double remote_stream(std::size_t pairs, std::uint64_t times);  // 64 bytes
double remote_asks(std::size_t pairs, std::uint64_t times);    // 100 under way
// Of one pair, one at a time: gen_server:call.
double remote_ask(std::uint64_t times);

}  // namespace bench::erlang
