// SPDX-License-Identifier: Apache-2.0
#include "queue_run.hpp"

#include "fresh_process.hpp"
#include "troupe/base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <thread>

namespace bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

// In memory that the processes forked after it share.
class Tallies final {
 public:
  explicit Tallies(int count) : size_(static_cast<std::size_t>(count)) {
    place_ = ::mmap(nullptr, size_ * sizeof(Tally), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (place_ == MAP_FAILED) throw std::runtime_error{"mmap"};
    std::uninitialized_value_construct_n(static_cast<Tally*>(place_), size_);
  }
  Tallies(const Tallies&) = delete;
  Tallies& operator=(const Tallies&) = delete;
  ~Tallies() { ::munmap(place_, size_ * sizeof(Tally)); }

  std::span<Tally> all() const noexcept { return {static_cast<Tally*>(place_), size_}; }
  std::uint64_t finished() const noexcept {
    std::uint64_t sum = 0;
    for (const Tally& tally : all()) {
      sum += tally.finished();
    }
    return sum;
  }

 private:
  const std::size_t size_;
  void* place_ = nullptr;
};

double since(std::uint64_t nanoseconds) {
  const std::chrono::nanoseconds then{nanoseconds};
  return std::chrono::duration<double>(SteadyClock::now().time_since_epoch() - then).count();
}

std::uint64_t now() {
  return static_cast<std::uint64_t>(
      std::chrono::nanoseconds{SteadyClock::now().time_since_epoch()}.count());
}

}  // namespace

double finished_a_second(const std::function<std::uint64_t()>& finished,
                         std::chrono::nanoseconds duration) {
  while (finished() == 0) {
    std::this_thread::yield();
  }
  std::this_thread::sleep_for(duration / 4);
  const auto begin = SteadyClock::now();
  const std::uint64_t before = finished();
  std::this_thread::sleep_for(duration);
  const std::uint64_t after = finished();
  return static_cast<double>(after - before) /
         std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

double items_a_second(const QueueUse& use, const QueueEnds& ends,
                      std::chrono::nanoseconds duration) {
  const Tallies tallies{use.consumers};
  std::vector<std::unique_ptr<Partner>> processes;
  for (int place = 0; place < use.consumers; ++place) {
    Tally& tally = tallies.all()[static_cast<std::size_t>(place)];
    processes.push_back(std::make_unique<Partner>([&] { ends.consume(place, tally); }));
  }
  for (int place = 0; place < use.producers; ++place) {
    processes.push_back(std::make_unique<Partner>([&] { ends.produce(place); }));
  }
  return finished_a_second([&] { return tallies.finished(); }, duration);
}

std::vector<std::byte> item_bytes(std::size_t size, std::uint64_t number) {
  std::vector<std::byte> bytes(size, std::byte{'x'});
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

std::uint64_t item_number(const void* item, std::size_t size, std::size_t expected) {
  if (size != expected) throw std::runtime_error{"an item of another size"};
  std::uint64_t number = 0;
  std::memcpy(&number, item, sizeof number);
  return number;
}

double quantile(std::vector<double> times, Quantile which) {
  const std::size_t at = which == Quantile::median ? times.size() / 2 : times.size() * 99 / 100;
  const auto its = times.begin() + static_cast<std::ptrdiff_t>(at);
  std::ranges::nth_element(times, its);
  return *its;
}

double put_to_take(const LoneItem& item, Quantile which, std::chrono::nanoseconds duration) {
  constexpr std::size_t kUncounted = 100;
  constexpr std::size_t kLeast = 1000;  // ten of them above the 99th percentile
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"pipe"};
  const troupe::UniqueFd reader{ends[0]};
  const troupe::UniqueFd writer{ends[1]};
  const Partner producer{[&] {
    const auto put = item.producer();
    char go = 0;
    while (::read(reader.get(), &go, 1) == 1) {
      put(now());
    }
  }};
  const Taker taker = item.consumer();
  std::vector<double> times;
  const auto one = [&] {
    if (::write(writer.get(), "g", 1) != 1) throw std::runtime_error{"write"};
    times.push_back(since(taker.take()));
    taker.finish();
  };
  for (std::size_t i = 0; i < kUncounted; ++i) {
    one();
  }
  times.clear();
  const auto end = SteadyClock::now() + duration;
  while (times.size() < kLeast || SteadyClock::now() < end) {
    one();
  }
  return quantile(std::move(times), which);
}

double median_within(std::chrono::nanoseconds duration, const std::function<double()>& seconds) {
  constexpr std::size_t kLeast = 10;
  std::vector<double> times;
  const auto end = SteadyClock::now() + duration;
  while (times.size() < kLeast || SteadyClock::now() < end) {
    times.push_back(seconds());
  }
  return quantile(std::move(times), Quantile::median);
}

}  // namespace bench
