// SPDX-License-Identifier: Apache-2.0
#pragma once

// Zygote: a small process with one thread that copies itself when asked to; each copy becomes a
// child of the zygote's own parent. It is made in the first line of main, by a copy of that
// process, or later by executing the program anew. Serves one parent, and ends when that closes its
// end of the control socket.

#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/process/internal/packet_socket.hpp"

#include <functional>
#include <optional>

namespace troupe::process {

// What a copy is to become, and where it answers.
struct Birthright {
  UniqueFd control;
  Packet packet;
};

// Runs RuntimeOptions::preload where children come from. Returns why they cannot, if so.
std::optional<Error> run_preload(const std::function<void()>& preload);

// Makes the calling process the zygote: closes every descriptor but `control`, leaves the caller's
// process group, runs `preload`, then serves. Returns in the copies only; the zygote itself ends
// here.
Birthright serve_as_zygote(UniqueFd control, const std::function<void()>& preload);

}  // namespace troupe::process
