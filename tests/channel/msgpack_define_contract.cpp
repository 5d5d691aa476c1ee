// SPDX-License-Identifier: Apache-2.0
// Types with MSGPACK_DEFINE among Buffers, over each transport: what msgpack-c packs is one piece,
// whatever is lent around it.
#include "channel/channel_test.hpp"
#include "channel/loaned.hpp"
#include "troupe/serialization/msgpack_define.hpp"

#include <msgpack.hpp>

#include <string>
#include <vector>

namespace troupe::harness {
namespace {

struct Reading {
  std::string sensor;
  std::vector<double> values;
  MSGPACK_DEFINE(sensor, values)
  friend bool operator==(const Reading&, const Reading&) = default;
};

struct Report {
  Reading before;
  Buffer image;
  Reading after;
  friend bool operator==(const Report&, const Report&) = default;
};

TEST_P(PipeTest, TypesWithMsgpackDefineStandBesideLentBuffers) {
  connect();
  Receiver<Report> receiver{std::move(first_)};
  Sender<Report> sender{std::move(second_)};
  for (const std::size_t values : {3U, 1000U, 40'000U}) {
    const Report report{{"left", std::vector<double>(values, 0.5)},
                        pattern_loan(sender.connection(), 300'000),
                        {std::string(values * 4, 'r'), {1, 2, 3}}};
    std::jthread sending{[&] { EXPECT_TRUE(sender.send(report)); }};
    const auto received = receiver.receive();
    ASSERT_TRUE(received) << values << ": " << received.error().what();
    EXPECT_TRUE(*received == report) << values;
  }
}

}  // namespace
}  // namespace troupe::harness
