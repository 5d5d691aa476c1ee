// SPDX-License-Identifier: Apache-2.0
#pragma once

// What crosses an inspection socket: a line, "troupe 1 summary" or "troupe 1 actors", and then one
// InspectionReply as msgpack, up to the end of the stream. Part of the wire format.

#include "troupe/runtime/node/inspection.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::node {

inline constexpr std::string_view kInspectionGreeting = "troupe 1 ";
inline constexpr std::string_view kInspectionFile = "inspect-";  // then the pid, a dot, the number
inline constexpr std::size_t kLongestRequest = 64;               // with its line end

// The place that a file of that path is, by its name; nothing where it is another kind of file.
std::optional<ProgramPlace> place_of(const std::filesystem::path& path);

inline constexpr std::string_view name_of(Detail detail) noexcept {
  return detail == Detail::summary ? "summary" : "actors";
}

struct InspectionReply {
  std::string error;  // why there is no report; else empty
  ProgramReport report;
};

}  // namespace troupe::node
