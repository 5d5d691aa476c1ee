// SPDX-License-Identifier: Apache-2.0
#include "tools/direct_fifo.hpp"

#include <gtest/gtest.h>

namespace troupe::tools {
namespace {

std::string used(Way way, const char* address, Framing framing) {
  ChannelOptions options;
  options.address = address;
  options.connect.framing = framing;
  return address_for(way, options).text();
}

TEST(DirectFifoTest, WithLinesAndRawANamedPipeIsUsedItself) {
  EXPECT_EQ(used(Way::recv, "fifo:/f", Framing::lines), "fifo:/f?direct=read");
  EXPECT_EQ(used(Way::send, "fifo:/f", Framing::raw), "fifo:/f?direct=write");
  EXPECT_EQ(used(Way::send, "fifo:/f?a=b", Framing::raw), "fifo:/f?a=b&direct=write");
}

TEST(DirectFifoTest, OtherwiseAnAddressStaysAsItIs) {
  EXPECT_EQ(used(Way::recv, "fifo:/f", Framing::python), "fifo:/f");
  EXPECT_EQ(used(Way::recv, "fifo:/f?direct=write", Framing::lines), "fifo:/f?direct=write");
  EXPECT_EQ(used(Way::recv, "unix:/s", Framing::lines), "unix:/s");
}

}  // namespace
}  // namespace troupe::tools
