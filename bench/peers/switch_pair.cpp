// SPDX-License-Identifier: Apache-2.0
#include "switch_pair.hpp"

#include <boost/context/fiber.hpp>

#include <utility>

namespace bench {

double switch_pair(const Meter& meter) {
  using boost::context::fiber;
  constexpr int kPairsAStep = 4096;  // so that the meter costs nothing
  bool over = false;
  fiber other{[&](fiber&& back) {
    while (!over) {
      back = std::move(back).resume();
    }
    return std::move(back);
  }};
  const double a_step = meter([&] {
    for (int i = 0; i < kPairsAStep; ++i) {
      other = std::move(other).resume();
    }
  });
  over = true;
  other = std::move(other).resume();
  return a_step / kPairsAStep;
}

}  // namespace bench
