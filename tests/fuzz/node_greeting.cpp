// SPDX-License-Identifier: Apache-2.0
// Whatever a peer says where two nodes say hello, as the one that dials or as the one that is
// dialed, there is a link or an error, and nothing is left when the peer ends. The first byte says
// who dials; then come frames, each a byte for its size and its bytes, where 0 stands for a right
// hello and 255 for a welcome.
#include "harness/allocations.hpp"
#include "harness/left_for_ever.hpp"
#include "scripted_node.hpp"

#include <algorithm>

namespace {

using namespace troupe_fuzz;  // NOLINT(google-build-using-namespace): of one file
using troupe::node::LinkFrame;

std::deque<Bytes> frames_of(std::span<const std::byte> input) {
  std::deque<Bytes> frames;
  while (!input.empty() && frames.size() < 16) {
    const auto size = std::to_integer<std::size_t>(input[0]);
    input = input.subspan(1);
    if (size == 0) {
      frames.push_back(frame_of(LinkFrame::hello,
                                [](troupe::Writer& writer) { writer.value(hello_of_peer(3)); }));
    } else if (size == 255) {
      frames.push_back(frame_of(LinkFrame::verdict, [](troupe::Writer& writer) {
        writer.value(troupe::node::Verdict{true, false, ""});
      }));
    } else {
      const auto body = input.first(std::min(size, input.size()));
      frames.emplace_back(body.begin(), body.end());
      input = input.subspan(body.size());
    }
  }
  return frames;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto& node = *new ScriptedNode;
  if (size == 0) {
    return 0;
  }
  static const std::size_t living = [] {  // with what the first link makes for all
    const troupe::harness::LeftForEver left_for_ever;
    auto script = std::make_shared<Script>();
    script->frames = frames_of(std::as_bytes(std::span{"\0\xff", 2}));
    node.run_in_actor([&] {
      node.hub().greet(troupe::Connection{node.runtime(), std::make_unique<ScriptedPeer>(script)});
    });
    node.let_time_pass();
    return node.runtime().actors()->living();
  }();
  const std::size_t before = troupe::harness::allocations().total;

  auto script = std::make_shared<Script>();
  script->frames = frames_of(std::as_bytes(std::span{data, size}).subspan(1));
  auto peer = std::make_unique<ScriptedPeer>(script);
  node.run_in_actor([&node = node, peer = std::move(peer), dialed = data[0] % 2 == 0]() mutable {
    if (dialed) {
      node.hub().greet(troupe::Connection{node.runtime(), std::move(peer)});
    } else {
      node.transport().set_next(std::move(peer));
      (void)node.hub().connect("script:peer", {}, std::chrono::seconds{1});
    }
  });
  node.run();
  node.let_time_pass();
  TROUPE_CHECK(script->closed);
  TROUPE_CHECK(node.runtime().actors()->living() == living);
  TROUPE_CHECK(troupe::harness::allocations().total - before < (std::size_t{4} << 20U) + 64 * size);
  return 0;
}
