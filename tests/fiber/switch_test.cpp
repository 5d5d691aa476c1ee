// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/internal/switch.hpp"

#include <gtest/gtest.h>

namespace troupe::fiber {
namespace {

TEST(SwitchTest, First) {
  StackPool pool{64 << 10};
  ThreadStack own;
  struct Two {
    Stack& a;
    Stack& b;
    int n = 0;
  } two{own.stack(), pool.take()};
  start(
      two.a, two.b,
      [](void* p) {
        auto& t = *static_cast<Two*>(p);
        for (;;) {
          ++t.n;
          EXPECT_EQ(running(), &t.b);
          switch_to(t.b, t.a);
        }
      },
      &two);
  EXPECT_EQ(two.n, 1);
  EXPECT_EQ(running(), nullptr);
  switch_to(two.a, two.b);
  EXPECT_EQ(two.n, 2);
  pool.give_back(two.b);
}

}  // namespace
}  // namespace troupe::fiber
