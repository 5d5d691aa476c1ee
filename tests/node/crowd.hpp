// SPDX-License-Identifier: Apache-2.0
#pragma once

// Crowd: many nodes in one process that are all linked to the ledger of another; and when each has
// found it again after its host was away.

#include "node/ledger.hpp"
#include "troupe/runtime/runtime.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace ledger {

class Crowd final {
 public:
  using Clock = std::chrono::steady_clock;

  Crowd(std::size_t count, const troupe::Address& there, const troupe::RuntimeOptions& options) {
    for (std::size_t i = 0; i < count; ++i) {
      auto& member = *members_.emplace_back(std::make_unique<Member>(options));
      member.ledger = member.runtime.connect(there)
                          .value()
                          .find<troupe::Protocol<std::uint64_t(Who)>>("ledger")
                          .value();
      member.life = member.ledger.ask(Who{}).value();
    }
  }

  // Asks until each has had an answer of another life; `all_lost` is called once none has a link.
  // Returns when each had it, since the first, in order.
  std::vector<Clock::duration> await_return(const std::function<void()>& all_lost) {
    std::atomic<std::size_t> linked{members_.size()};
    std::vector<std::thread> threads;
    for (const auto& member : members_) {
      threads.emplace_back([&, its = member.get()] {
        while (const auto life = its->ledger.ask(Who{}, std::chrono::hours{1})) {
          std::this_thread::sleep_for(std::chrono::milliseconds{50});  // not to be in the way
        }
        if (--linked == 0) {
          all_lost();
        }
        for (;;) {
          const auto life = its->ledger.ask(Who{}, std::chrono::hours{1});
          if (life && *life != its->life) {
            its->back = Clock::now();
            return;
          }
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    std::vector<Clock::duration> times;
    const auto first = (*std::ranges::min_element(members_, {}, &back_of))->back;
    for (const auto& member : members_) {
      times.push_back(member->back - first);
    }
    std::ranges::sort(times);
    return times;
  }

 private:
  struct Member {
    explicit Member(const troupe::RuntimeOptions& options) : runtime(options) {}

    troupe::Runtime runtime;
    troupe::Named<troupe::Protocol<std::uint64_t(Who)>> ledger{};
    std::uint64_t life = 0;
    Clock::time_point back{};
  };

  static Clock::time_point back_of(const std::unique_ptr<Member>& member) { return member->back; }

  std::vector<std::unique_ptr<Member>> members_;
};

// Of times in order, the most that lie within `span` of each other.
inline std::size_t most_within(const std::vector<Crowd::Clock::duration>& times,
                               Crowd::Clock::duration span) {
  std::size_t most = 0;
  for (std::size_t first = 0, end = 0; end < times.size(); ++end) {
    while (times[end] - times[first] > span) {
      ++first;
    }
    most = std::max(most, end - first + 1);
  }
  return most;
}

}  // namespace ledger
