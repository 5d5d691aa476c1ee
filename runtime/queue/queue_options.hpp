// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a queue is made with, what it says about itself, and what a put may choose. Values.

#include "troupe/base/clock.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/runtime/actor/actor_options.hpp"
#include "troupe/transports/options.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>

namespace troupe {

// Chosen by who makes the queue; it is its owner's to keep.
struct QueueOptions {
  // What is accepted and not finished: items that are ready, delayed, or in work.
  std::size_t capacity = 1024;                          // items, at least 1
  std::size_t capacity_bytes = std::size_t{64} << 20U;  // of their encoded form
  // wait: who puts waits for room; refuse: it is `overloaded`; drop_newest and drop_oldest: an item
  // is dropped and counted.
  WhenFull when_full = WhenFull::wait;
  // How often an item may be handed out before it is a dead letter. The death of its consumer
  // counts as one.
  std::uint32_t deliveries = 3;
  // How long an item rests whose consumer failed: Queue::consume.
  Duration retry_delay = std::chrono::milliseconds{100};
  // How long a consumer may keep an item; then it is given to another one, and the acknowledgement
  // of the first is `lost`.
  Duration max_hold = std::chrono::minutes{10};
  // A directory of the queue's own, which is made where it is missing: what is accepted, finished,
  // a dead letter or was handed out is written there, and is there again for who makes a queue with
  // the same path, however the process of the one before ended. Empty: the queue is gone with its
  // owner. In an address: ?durable=/path.
  //
  // What put_confirmed, flush and close say is accepted is there; what the owner was told is
  // finished does not come again; what consumers had comes again, and says so
  // (Delivery::deliveries). Outputs of `emit` stay exact. Nobody has to finish what is there in one
  // life: it stays until it is finished. A queue that was closed is still, until all is finished.
  //
  // While the disk has no room the queue has none (WhenFull; overloaded with the disk's reason);
  // what was put and not confirmed waits in memory and is written when there is room. Errors of
  // making it: refused (another queue has the path open; there is something else, or items of
  // another type), malformed (the files are damaged), system.
  std::filesystem::path durable{};
  // Of a durable one. False: what is confirmed survives the death of every process, but not a loss
  // of power, nor a crash of the kernel. True: these too, at the price of one wait for the disk for
  // each batch. In an address: &sync=always.
  bool sync = false;
  // How its clients prove themselves, where it has an address that others reach.
  ConnectOptions connect{};
};

struct PutOptions {
  Duration delay{};           // so long nobody is given the item
  std::int32_t priority = 0;  // higher ones go first; within one, the order of the puts
  Deadline until = forever;
};

struct ConsumeOptions {
  std::stop_token stop{};    // ends it after the item in work
  Deadline until = forever;  // timed_out
};

// What consume() did.
struct Consumed {
  std::uint64_t finished = 0;
  std::uint64_t given_back = 0;
};

// As the owner knows it, in order with the puts and takes of who asks.
struct QueueStats {
  std::uint64_t ready = 0;    // items that a consumer could have now, and those that are delayed
  std::uint64_t in_work = 0;  // with consumers
  std::uint64_t dead = 0;     // dead letters
  std::uint64_t bytes = 0;    // of ready and in_work
  bool closed = false;
  std::uint64_t accepted = 0;  // these are counts since the beginning
  std::uint64_t finished = 0;
  std::uint64_t redelivered = 0;
  std::uint64_t dropped = 0;
};

// An item that nobody could finish, and why.
template <class T>
struct DeadLetter {
  T item;
  std::uint32_t deliveries = 0;
  std::string reason;
};

}  // namespace troupe
