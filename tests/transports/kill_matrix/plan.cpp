// SPDX-License-Identifier: Apache-2.0
#include "transports/kill_matrix/plan.hpp"

#include "harness/raw_fd.hpp"

#include <map>
#include <utility>

namespace troupe::harness {

using How = Planned::How;
using Meeting = Planned::Meeting;
using transports::Lane;

std::vector<Planned> make_plan(bool lends) {
  std::vector<Planned> plan;
  plan.push_back({.size = 40, .meeting = Meeting::asleep});
  plan.push_back({.size = 100, .meeting = Meeting::asleep});
  for (std::size_t i = 0; i < 20; ++i) {  // several times around the ring
    plan.push_back({.size = 1 + i * 337 % 900});
  }
  plan.push_back({.size = 64, .lane = Lane::control});
  plan.push_back({.size = 1, .meeting = Meeting::answered});
  // In pieces: larger than the ring, and not.
  plan.push_back({.size = 20'000, .meeting = Meeting::blocked});
  plan.push_back({.size = 50, .meeting = Meeting::between, .lane = Lane::control});
  plan.push_back({.size = 3000});
  plan.push_back({.size = 5000, .lane = Lane::control});
  plan.push_back({.size = 1500, .meeting = Meeting::answered});
  plan.push_back({.size = 10, .fds = 1});
  plan.push_back({.size = 30, .fds = 3});
  plan.push_back({.size = 4000, .meeting = Meeting::answered, .fds = 2});
  // A segment is made; another one, larger; then nothing may be lent until the views are dropped;
  // at last neither has room, and both give way to a third.
  const std::size_t share = lends ? 1 : 16;
  plan.push_back({.size = 200'000 / share, .how = How::lent});
  plan.push_back({.size = 150'000 / share});
  plan.push_back({.size = 140'000 / share, .how = How::headed, .fds = 1});
  plan.push_back({.size = 1'200'000 / share, .how = How::lent});
  plan.push_back({.size = 900'000 / share, .how = How::lent, .meeting = Meeting::blocked});
  plan.push_back({.size = 20, .meeting = Meeting::answered});
  plan.push_back({.size = 1'500'000 / share, .how = How::lent, .meeting = Meeting::blocked});
  plan.push_back({.size = 60, .meeting = Meeting::asleep});
  return plan;
}

const Bytes& body_of(std::size_t number, std::size_t size) {
  static std::map<std::pair<std::size_t, std::size_t>, Bytes> made;  // children have what there is
  Bytes& body = made[{number, size}];
  if (body.empty()) {
    body = pattern(size, static_cast<unsigned>(number));
  }
  return body;
}

Bytes answer_of(std::size_t number) {
  return pattern(16, 1000 + static_cast<unsigned>(number));
}

}  // namespace troupe::harness
