// SPDX-License-Identifier: Apache-2.0
// The main of every test program.

#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

int main(int argc, char** argv) {
  troupe::Runtime runtime{argc, argv};  // first: processes that tests start become themselves here
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
