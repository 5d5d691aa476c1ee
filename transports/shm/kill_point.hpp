// SPDX-License-Identifier: Apache-2.0
#pragma once

// kill_point: a step at which a test may let the process be killed. Nothing at all but in the build
// of that test (tests/transports/kill_matrix), which defines what it does.

namespace troupe::transports {

#ifdef TROUPE_KILL_POINTS
void kill_point(const char* step) noexcept;
#else
inline void kill_point(const char* /*step*/) noexcept {}
#endif

}  // namespace troupe::transports
