// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/entry.hpp"

#include "troupe/runtime/actor/internal/cell.hpp"

#include <mutex>
#include <utility>
#include <vector>

namespace troupe::actor {

bool enter(const Target& target, std::shared_ptr<Entry> entry) {
  Extras& its = target.cell->need_extras();
  const std::lock_guard lock{its.lock};
  if (!target.cell->is(target.number)) {
    return false;  // leave_entries has been, or finds nothing of it
  }
  its.entries.push_back(std::move(entry));
  return true;
}

void strike_out(const Target& target, const Entry& entry) noexcept {
  if (Extras* const its = target.cell->extras(); its != nullptr) {
    std::shared_ptr<Entry> last;  // goes without the lock
    const std::lock_guard lock{its->lock};
    for (auto each = its->entries.begin(); each != its->entries.end(); ++each) {
      if (each->get() == &entry && target.cell->is(target.number)) {
        last = std::move(*each);
        its->entries.erase(each);
        break;
      }
    }
  }
}

// Once its number has gone. True: a successor will take one of its places.
bool Cell::leave_entries(std::uint64_t number, const Exit& reason) noexcept {
  Extras& its = *extras();
  std::vector<std::shared_ptr<Entry>> entries;
  {
    const std::lock_guard lock{its.lock};
    entries.swap(its.entries);
  }
  bool successor = false;
  for (const auto& each : entries) {
    successor = each->left({this, number}, reason) || successor;
  }
  return successor;
}

}  // namespace troupe::actor
