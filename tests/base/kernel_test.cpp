// SPDX-License-Identifier: Apache-2.0
// CTest runs this once as it is, and once for each feature that TROUPE_KERNEL_WITHOUT denies.
#include "troupe/base/os/kernel.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): environ's neighbours

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using troupe::os::kernel_has;
using troupe::os::KernelFeature;
using troupe::os::name_of;

constexpr std::array kAll{KernelFeature::clone3,        KernelFeature::pipe_nowait,
                          KernelFeature::pipe_nosignal, KernelFeature::pidfd_info,
                          KernelFeature::membarrier,    KernelFeature::guard_pages};

std::string_view denied() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes it
  const char* const list = std::getenv("TROUPE_KERNEL_WITHOUT");
  return list != nullptr ? list : "";
}

TEST(KernelTest, DoesNotHaveWhatIsDenied) {
  for (const KernelFeature feature : kAll) {
    if (denied().find(name_of(feature)) != std::string_view::npos) {
      EXPECT_FALSE(kernel_has(feature)) << name_of(feature);
    }
  }
}

TEST(KernelTest, DenyingOneFeatureLeavesTheOthers) {
  if (denied().empty()) {
    return;  // the other runs are about this
  }
  // What the machine has is known only without the list: a child program is asked.
  const std::string program =
      "TROUPE_KERNEL_WITHOUT= " + std::string{testing::internal::GetArgvs().front()} +
      " --gtest_filter=KernelTest.PrintsWhatItHas";
  FILE* const child = ::popen(program.c_str(), "r");
  ASSERT_NE(child, nullptr);
  std::string output;
  std::array<char, 256> chunk{};
  while (const std::size_t count = std::fread(chunk.data(), 1, chunk.size(), child)) {
    output.append(chunk.data(), count);
  }
  EXPECT_EQ(::pclose(child), 0);
  for (const KernelFeature feature : kAll) {
    if (denied().find(name_of(feature)) == std::string_view::npos) {
      const bool there = output.find("has " + std::string{name_of(feature)}) != std::string::npos;
      EXPECT_EQ(kernel_has(feature), there) << name_of(feature);
    }
  }
}

TEST(KernelTest, PrintsWhatItHas) {
  for (const KernelFeature feature : kAll) {
    std::printf("%s %s\n", kernel_has(feature) ? "has" : "lacks", name_of(feature).data());
  }
}

TEST(KernelTest, EveryFeatureHasAName) {
  for (const KernelFeature feature : kAll) {
    EXPECT_NE(name_of(feature), "unknown");
  }
}

}  // namespace
