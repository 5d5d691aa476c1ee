// SPDX-License-Identifier: Apache-2.0
#pragma once

// Layout: the locations of one exploration with the values that they begin with, and their names.
// What is modelled adds itself, when it is made, to the layout that this thread is making: there is
// one at a time.

#include "transports/interleaving/memory.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::interleaving {

class Layout final {
 public:
  Layout();
  ~Layout();
  Layout(const Layout&) = delete;
  Layout& operator=(const Layout&) = delete;

  static Location add(std::uint64_t value);

  // Instead of the value that it was added with.
  void begin_with(Location location, std::uint64_t value);
  // Of the locations without a name, the first ones.
  void name(std::vector<std::string> names);

  const Memory& memory() const { return memory_; }
  const std::string& name_of(Location location) const { return names_.at(location); }

 private:
  Memory memory_;
  std::vector<std::string> names_;
  std::size_t added_ = 0;
};

}  // namespace troupe::interleaving
