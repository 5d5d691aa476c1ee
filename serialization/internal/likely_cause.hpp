// SPDX-License-Identifier: Apache-2.0
#pragma once

// What bytes that are no message of ours most likely are, and what to do about it.

#include <cstddef>
#include <span>
#include <string_view>

namespace troupe::wire {

// Empty when nothing is recognised.
std::string_view likely_cause(std::span<const std::byte> message) noexcept;

}  // namespace troupe::wire
