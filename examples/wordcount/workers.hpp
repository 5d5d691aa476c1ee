// SPDX-License-Identifier: Apache-2.0
#pragma once

// Workers: the processes that count, under a supervisor that starts them again; and, where it is
// wished, the one who kills some of them to show that nothing is lost.

#include "wordcount/messages.hpp"

#include <troupe/troupe.hpp>

#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace wordcount {

class Workers final {
 public:
  // `kills`: so many of them are killed with SIGKILL. Throws Error.
  Workers(troupe::Runtime& runtime, std::size_t count, const troupe::Queue<Chunk>& chunks,
          const troupe::Queue<Counts>& counts, std::size_t kills);

  // Kills one, when it is time. To be called now and then; returns lines for the user.
  std::vector<std::string> look();
  std::vector<std::string> names() const;
  std::size_t killed() const { return killed_; }
  bool will_kill() const { return kills_ > killed_; }

 private:
  troupe::Queue<Begun> begun_;
  troupe::Supervisor supervisor_;
  const std::size_t count_;
  const std::size_t kills_;
  std::size_t killed_ = 0;
  std::vector<Begun> alive_;
  std::minstd_rand chance_{std::random_device{}()};
};

}  // namespace wordcount
