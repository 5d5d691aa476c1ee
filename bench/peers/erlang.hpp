// SPDX-License-Identifier: Apache-2.0
#pragma once

// Erlang/OTP, Debian's erlang-base with its defaults, but for +P, without which there are no
// million processes. erlang_actors.erl beside this says what it does: compiled when this program
// is, and run by an emulator started for each figure, which times itself.

#include "../actors.hpp"

namespace bench::erlang {

ActorSide actors();

}  // namespace bench::erlang
