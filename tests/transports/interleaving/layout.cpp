// SPDX-License-Identifier: Apache-2.0
#include "transports/interleaving/layout.hpp"

#include "troupe/base/check.hpp"

#include <utility>

namespace troupe::interleaving {
namespace {

thread_local Layout* being_made = nullptr;

}  // namespace

Layout::Layout() {
  TROUPE_CHECK(being_made == nullptr);
  being_made = this;
}

Layout::~Layout() {
  being_made = nullptr;
}

Location Layout::add(std::uint64_t value) {
  TROUPE_CHECK(being_made != nullptr);
  ++being_made->added_;
  return being_made->memory_.add(value);
}

void Layout::begin_with(Location location, std::uint64_t value) {
  memory_.begin_with(location, value);
}

void Layout::name(std::vector<std::string> names) {
  for (std::string& name : names) {
    names_.push_back(std::move(name));
  }
  TROUPE_CHECK(names_.size() <= added_);
}

}  // namespace troupe::interleaving
