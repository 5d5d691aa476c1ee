// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/function_id.hpp"

#include <gnu/libc-version.h>
#include <gtest/gtest.h>

namespace troupe {
namespace {

void first() {}
int second(int n) {
  return n + 1;
}

AnyFunction any(auto* function) {
  return reinterpret_cast<AnyFunction>(function);
}

TEST(FunctionIdTest, AFunctionIsFoundAgainByItsId) {
  const FunctionId id = identify(any(&second)).value();
  EXPECT_GE(id.build_id.size(), 8U);
  EXPECT_EQ(find_function(id).value(), any(&second));
}

TEST(FunctionIdTest, FunctionsOfOneProgramDifferByTheirOffset) {
  const FunctionId one = identify(&first).value();
  const FunctionId other = identify(any(&second)).value();
  EXPECT_EQ(one.build_id, other.build_id);
  EXPECT_NE(one.offset, other.offset);
}

TEST(FunctionIdTest, AFunctionOfASharedLibraryHasThatLibrarysBuildId) {
  const FunctionId own = identify(&first).value();
  const FunctionId libc = identify(any(&::gnu_get_libc_version)).value();
  EXPECT_NE(own.build_id, libc.build_id);
  EXPECT_EQ(find_function(libc).value(), any(&::gnu_get_libc_version));
}

TEST(FunctionIdTest, AnotherBuildIsRefusedAndNamed) {
  FunctionId id = identify(&first).value();
  id.build_id.assign(id.build_id.size(), std::byte{0xAB});
  const auto found = find_function(id);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error(), Code::refused);
  EXPECT_NE(std::string{found.error().what()}.find("abababab"), std::string::npos);
}

TEST(FunctionIdTest, WhatIsNoCodeIsRefused) {
  FunctionId id = identify(&first).value();
  id.offset = 1;  // the ELF header
  EXPECT_EQ(find_function(id).error(), Code::refused);
  static int data = 0;
  EXPECT_EQ(identify(reinterpret_cast<AnyFunction>(&data)).error(), Code::refused);
}

}  // namespace
}  // namespace troupe
