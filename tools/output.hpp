// SPDX-License-Identifier: Apache-2.0
#pragma once

// Output: standard output, gathered into large writes, which a Ctrl-C can cut short.

#include <troupe/troupe.hpp>

#include <optional>
#include <span>
#include <string>

namespace troupe::tools {

class Output final {
 public:
  explicit Output(Runtime& runtime);

  // Adds `bytes`, and writes when there is much. Errors: as flush.
  Result<void> add(std::span<const std::byte> bytes);
  Result<void> flush();

  // What can be waited for to learn that nobody reads any more; nothing where that cannot be known.
  std::optional<Waitable> gone() const;
  // Errors: disconnected, when nobody reads any more.
  Result<void> check() const;

 private:
  Runtime& runtime_;
  const bool is_pipe_;
  std::string gathered_;
};

}  // namespace troupe::tools
