// SPDX-License-Identifier: Apache-2.0
// Savina's producers and consumers: 40 of each around a buffer of 50 places, which answers once
// there is room, or an item: a Promise holds producers back. Run it without arguments; it prints:
//   the buffer is full: 50 items in it, 40 producers wait for room
//   consumed 40000 items

#include <troupe/troupe.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <iostream>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using troupe::Promise;
constexpr std::size_t kPlaces = 50, kPairs = 40, kItems = 1000;  // items: of each producer

struct Put {
  std::size_t item;
};
struct Take {};
struct Full {};
struct Run {};

class Buffer {
 public:
  Promise<void> handle(Put put) {
    Promise<void> room;
    putters_.emplace_back(put.item, room);
    serve();
    if (putters_.size() == kPairs) all_wait_.set(items_.size());
    return room;
  }
  Promise<std::size_t> handle(Take) {
    Promise<std::size_t> item = takers_.emplace_back();
    serve();
    return item;
  }
  Promise<std::size_t> handle(Full) { return all_wait_; }

 private:
  void serve() {
    if (!items_.empty() && !takers_.empty()) {
      takers_.front().set(items_.front());
      takers_.pop_front();
      items_.pop_front();
    }
    if (!putters_.empty() && items_.size() < kPlaces) {
      items_.push_back(putters_.front().first);
      putters_.front().second.set();
      putters_.pop_front();
      serve();
    }
  }

  std::deque<std::size_t> items_;
  std::deque<std::pair<std::size_t, Promise<void>>> putters_;
  std::deque<Promise<std::size_t>> takers_;
  Promise<std::size_t> all_wait_;
};

struct Producer {
  troupe::Ref<Buffer> buffer;
  void handle(Run) const {
    for (std::size_t i = 0; i < kItems; ++i)
      buffer.ask(Put{i}, 60s).value();
  }
};
struct Consumer {
  troupe::Ref<Buffer> buffer;
  std::size_t handle(Run) const {
    std::size_t count = 0;
    for (; count < kItems; ++count)
      buffer.ask(Take{}, 60s).value();
    return count;
  }
};

}  // namespace

int main(int argc, char** argv) {
  troupe::Runtime runtime{argc, argv};
  const auto buffer = runtime.spawn<Buffer>();
  for (std::size_t i = 0; i < kPairs; ++i)
    runtime.spawn<Producer>(buffer).send(Run{});
  std::cout << "the buffer is full: " << buffer.ask(Full{}, 60s).value() << " items in it, "
            << kPairs << " producers wait for room\n";
  std::vector<troupe::Future<std::size_t>> counts;
  for (std::size_t i = 0; i < kPairs; ++i)
    counts.push_back(runtime.spawn<Consumer>(buffer).ask_async(Run{}, 60s));
  std::size_t consumed = 0;
  for (auto& count : counts)
    consumed += count.get().value();
  std::cout << "consumed " << consumed << " items\n";
}
