// SPDX-License-Identifier: Apache-2.0
#pragma once

// Monitors, links, children: who is told when an actor ends. A monitor is told exactly once, also
// when the target had ended before.

#include "troupe/base/deadline.hpp"
#include "troupe/runtime/actor/down.hpp"
#include "troupe/runtime/actor/sending.hpp"
#include "troupe/runtime/process/exit.hpp"

#include <cstdint>

namespace troupe::actor {

class Cell;
class Control;

// Of the letter in which an Inbox gets a Down.
inline constexpr const Operations& kDownLetter = kSend<Protocol<>, Down>;

// By `watcher`, at work.
void monitor(Cell& watcher, const Target& target);
void demonitor(Cell& watcher, const Target& target);
void link(Cell& watcher, const Target& target);
void adopt(Cell& parent, const Target& child);
// What has an actor end, as with this reason.
Control* stop_request(Exit reason);
// Tells the target to end, as with this reason.
void tell_to_stop(const Target& target, Exit reason = {}, Deadline end_by = forever);
// By the actor that ends: its watchers, those it is linked with, its children.
void tell_of_end(Cell& cell, std::uint64_t number, const Exit& reason);

}  // namespace troupe::actor
