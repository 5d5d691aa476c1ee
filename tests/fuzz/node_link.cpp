// SPDX-License-Identifier: Apache-2.0
// Whatever a peer says once it is linked: the link goes on or ends, every ask of the node's has one
// end, every monitor one Down, and nothing is left after it. The input is a row of frames, most of
// which are right up to a place: a byte chooses the kind, the next ones its numbers, then come a
// size and the bytes that follow in the frame.
#include "harness/allocations.hpp"
#include "harness/left_for_ever.hpp"
#include "input.hpp"
#include "scripted_node.hpp"
#include "troupe/runtime/actor/after.hpp"
#include "troupe/runtime/actor/inbox.hpp"
#include "troupe/runtime/actor/remote_message.hpp"
#include "troupe/runtime/node/internal/link.hpp"
#include "troupe/runtime/node/internal/node_service.hpp"

#include <map>
#include <string>

namespace fuzzed {

struct Put {
  std::vector<std::string> lines;
  std::map<std::string, std::int64_t> numbers;
  troupe::Buffer bytes;
};
struct Get {};
class Store;
struct Keep {
  troupe::Ref<Store> store;
};

class Store final {
 public:
  using Accepts =
      troupe::Protocol<void(Put), std::vector<std::string>(Get), troupe::Ref<Store>(Keep)>;

  void handle(Put put) { put_ = std::move(put); }
  std::vector<std::string> handle(Get /*get*/) { return put_.lines; }
  troupe::Ref<Store> handle(const Keep& keep) { return keep.store; }

 private:
  Put put_;
};

}  // namespace fuzzed

namespace {

using namespace troupe_fuzz;  // NOLINT(google-build-using-namespace): of one file
using fuzzed::Get;
using fuzzed::Keep;
using fuzzed::Put;
using fuzzed::Store;
using troupe::node::LinkFrame;
using troupe::node::Route;

constexpr std::uint64_t kPeer = 3;

// What the peer says, most of it in the right form.
class Saying final {
 public:
  Saying(std::uint64_t store, std::uint64_t service) : actors_{store, service, 12345} {}

  Bytes next(Input& input) {
    const auto choice = input.byte();
    switch (choice % 10) {
      case 0:
        return message(LinkFrame::tell, input);
      case 1:
        return message(LinkFrame::ask, input);
      case 2:
        return numbered(LinkFrame::reply, input);
      case 3:
        return numbered(LinkFrame::error, input);
      case 4:
        return numbered(LinkFrame::down, input);
      case 5: {
        const std::uint64_t number = input.byte() % 4;
        const bool last = input.byte() % 2 == 0;
        const auto bytes = input.rest_of_frame();
        return frame_of(LinkFrame::part, [&](troupe::Writer& writer) {
          writer.natural(number);
          writer.boolean(last);
          writer.bytes(bytes);
        });
      }
      case 6:
        return numbered(LinkFrame::credit, input);
      case 7:
        return numbered(LinkFrame::declare, input);
      case 8: {
        const auto kind = static_cast<LinkFrame>(input.byte() % 10);
        const std::uint64_t actor = actors_.at(input.byte() % actors_.size());
        return frame_of(
            kind, [&](troupe::Writer& writer) { writer.natural(actor); }, input.rest_of_frame());
      }
      default: {
        const auto bytes = input.rest_of_frame();
        return {bytes.begin(), bytes.end()};
      }
    }
  }

  // The types that its messages are of.
  static std::deque<Bytes> declarations() {
    std::deque<Bytes> frames;
    std::uint64_t number = 0;
    for (const auto messages : {troupe::actor::remote_messages<Store>(),
                                troupe::actor::remote_messages<troupe::node::NodeService>()}) {
      for (const auto& each : messages) {
        ++number;
        frames.push_back(frame_of(LinkFrame::declare, [&](troupe::Writer& writer) {
          writer.natural(number);
          writer.value(troupe::node::Declared{each.schema(), each.reply_schema()});
        }));
      }
    }
    return frames;
  }

 private:
  static Bytes numbered(LinkFrame kind, Input& input) {
    const std::uint64_t number = input.byte();
    return frame_of(
        kind, [&](troupe::Writer& writer) { writer.natural(number); }, input.rest_of_frame());
  }

  Bytes message(LinkFrame kind, Input& input) {
    const std::uint64_t line = input.byte() % 4;
    const std::uint64_t actor = actors_.at(input.byte() % actors_.size());
    const std::uint64_t type = input.byte() % 8;
    const std::uint64_t skipped = input.byte() == 255 ? 1 : 0;
    const auto left = static_cast<std::int64_t>(kind == LinkFrame::ask ? input.byte() : 0);
    const Route route{line, actor, type, (sequences_[line] += 1 + skipped), 0};
    return frame_of(
        kind,
        [&](troupe::Writer& writer) {
          writer.value(route);
          if (kind == LinkFrame::ask) {
            writer.natural(++asks_);
            writer.integer(left * 1'000'000'000);
            writer.natural(0);
          }
        },
        input.rest_of_frame());
  }

  const std::vector<std::uint64_t> actors_;
  std::map<std::uint64_t, std::uint64_t> sequences_;
  std::uint64_t asks_ = 0;
};

// What the node said about itself.
std::uint64_t service_of(const Script& script) {
  const troupe::Incoming incoming{.bytes = script.told.at(0)};
  const troupe::DecodeLimits limits;
  troupe::Reader reader{incoming, limits};
  TROUPE_CHECK(*troupe::node::read_kind(reader) == LinkFrame::hello);
  return reader.value<troupe::node::Hello>()->service;
}

void say_all(ScriptedNode& node, std::span<const std::byte> bytes) {
  const auto store = node.runtime().spawn<Store>();
  auto script = std::make_shared<Script>();
  script->goes_on = true;
  script->frames = Saying::declarations();
  script->frames.push_front(frame_of(LinkFrame::verdict, [](troupe::Writer& writer) {
    writer.value(troupe::node::Verdict{true, false, ""});
  }));
  script->frames.push_front(frame_of(
      LinkFrame::hello, [](troupe::Writer& writer) { writer.value(hello_of_peer(kPeer)); }));
  auto connection = std::make_unique<ScriptedPeer>(script);
  const ScriptedPeer& peer = *connection;
  node.hub().greet(troupe::Connection{node.runtime(), std::move(connection)});
  node.run();
  Saying saying{store.target().number, service_of(*script)};

  // What it does with actors of the peer.
  const auto link = node.hub().link_to({kPeer, 7, 0, ""}, troupe::Deadline::at_once()).value();
  const troupe::Ref<Store> asked{link->reach(1, troupe::actor::remote_messages<Store>()).value()};
  const troupe::Ref<Store> watched{link->reach(2, troupe::actor::remote_messages<Store>()).value()};
  std::size_t downs = 0;
  {
    troupe::Inbox<troupe::Protocol<>> inbox{node.runtime()};
    inbox.context().monitor(watched);
    auto lines = asked.ask_async(Get{}, std::chrono::hours{1000});
    auto kept = watched.ask_async(Keep{store}, std::chrono::hours{1000});
    (void)asked.send(Put{{"a line"}, {}, {}});
    node.run();

    Input input{bytes};
    for (int frames = 0; !input.empty() && frames < 200 && !script->closed; ++frames) {
      script->frames.push_back(saying.next(input));
      if (input.byte() % 4 == 0) {
        peer.ring();
        node.run();
      }
    }
    if (!script->closed) {
      script->goes_on = false;
      peer.ring();
      node.run();
    }
    node.run();
    TROUPE_CHECK(script->closed);
    TROUPE_CHECK(lines.ready() && kept.ready());
    (void)lines.get();
    (void)kept.get();
    for (bool more = true; more;) {
      (void)inbox.receive([&](const troupe::Down& /*down*/) { ++downs; },
                          troupe::after(troupe::Duration::zero(), [&] { more = false; }));
    }
    TROUPE_CHECK(downs == 1);
  }
  store.stop();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto& node = *new ScriptedNode;
  static const std::size_t living = [] {  // with what the first link makes for all
    const troupe::harness::LeftForEver left_for_ever;
    say_all(node, {});
    node.let_time_pass();
    return node.runtime().actors()->living();
  }();
  const std::size_t before = troupe::harness::allocations().total;
  say_all(node, std::as_bytes(std::span{data, size}));
  node.let_time_pass();
  TROUPE_CHECK(node.runtime().actors()->living() == living);
  TROUPE_CHECK(troupe::harness::allocations().total - before <
               (std::size_t{64} << 20U) + 64 * size);
  return 0;
}
