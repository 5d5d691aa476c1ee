// SPDX-License-Identifier: Apache-2.0
// Whatever an owner of a queue says, each call of its client ends, and nothing is left when the
// last handle is gone. The first byte says whether the client comes again when the connection ends;
// then come two rows of frames, one for each connection, with a 255 where the first ends. Most
// frames are right up to a place: a byte chooses the kind, the next ones its numbers, then come a
// size and the bytes that follow in the frame; a last byte says whether the client reads what has
// come before there is more.
#include "harness/allocations.hpp"
#include "harness/left_for_ever.hpp"
#include "input.hpp"
#include "scripted_node.hpp"
#include "troupe/runtime/queue/internal/queue_frame.hpp"
#include "troupe/runtime/queue/queue.hpp"

#include <chrono>
#include <string>

namespace {

using namespace troupe_fuzz;  // NOLINT(google-build-using-namespace): of one file
using troupe::queue::Answer;
using troupe::queue::Frame;
using troupe::queue::Welcome;

Bytes welcome(bool keeps, std::uint64_t heard) {
  Welcome welcome;
  welcome.keeps = keeps ? 1'000'000'000 : 0;
  welcome.heard = heard;
  welcome.version = troupe::queue::kVersion;
  welcome.queue = 5;
  welcome.capacity = 64;
  welcome.capacity_bytes = 65536;
  return frame_of(Frame::welcome, [&](troupe::Writer& writer) { writer.value(welcome); });
}

Bytes item_frame(Input& input) {
  const std::uint64_t id = input.byte();
  const std::uint64_t behind = input.byte();
  const std::uint64_t attempts = input.byte();
  const bool suspect = input.byte() % 2 == 0;
  return frame_of(
      Frame::item,
      [&](troupe::Writer& writer) {
        writer.natural(id);
        writer.natural(behind);
        writer.natural(attempts);
        writer.boolean(suspect);
      },
      input.rest_of_frame());
}

Bytes answer_frame(Input& input) {
  const std::uint64_t number = input.byte() % 8;
  Answer answer;
  answer.code = input.byte() % 20;
  answer.stats.ready = input.byte();
  return frame_of(Frame::answer, [&](troupe::Writer& writer) {
    writer.natural(number);
    writer.value(answer);
  });
}

Bytes next_frame(std::uint8_t choice, Input& input) {
  switch (choice % 8) {
    case 0:
    case 1:
      return item_frame(input);
    case 2:
      return answer_frame(input);
    case 3: {  // those that are a number, and a second one
      const auto kind = static_cast<Frame>(32 + input.byte() % 13);
      const std::uint64_t number = input.byte();
      const std::uint64_t more = input.byte() * 16U;
      return frame_of(kind, [&](troupe::Writer& writer) {
        writer.natural(number);
        writer.natural(more);
      });
    }
    case 4:
      return frame_of(Frame::end, [&](troupe::Writer& writer) {
        writer.text(input.byte() % 2 == 0 ? "" : "why");
      });
    case 5: {
      const auto kind = static_cast<Frame>(input.byte() % 48);
      return frame_of(
          kind, [](troupe::Writer& /*writer*/) {}, input.rest_of_frame());
    }
    case 6:
      return frame_of(Frame::grant, [&](troupe::Writer& writer) {
        writer.natural(input.byte() % 8);
        writer.natural(input.byte());
      });
    default: {
      const auto bytes = input.rest_of_frame();
      return {bytes.begin(), bytes.end()};
    }
  }
}

// What a program does with a queue; each call ends, however it does.
void use(troupe::Queue<std::string> queue) {
  using std::chrono::seconds;
  (void)queue.put("one", seconds{1});
  for (int i = 0; i < 4; ++i) {
    if (auto taken = queue.take(seconds{1})) {
      (void)taken->extend(seconds{1});
      (void)taken->emit(queue, *std::move(*taken));
      (void)(i % 2 == 0 ? taken->ack(seconds{1}) : taken->give_back());
    }
  }
  (void)queue.consume([](const std::string& /*item*/) {}, {.until = seconds{1}});
  (void)queue.stats(seconds{1});
  (void)queue.try_put("two");
  (void)queue.put("three", seconds{1});
  (void)queue.join(seconds{1});
  (void)queue.close(seconds{1});
}

// What the owner says over one connection.
struct Line {
  explicit Line(Bytes welcome) : script(std::make_shared<Script>()) {
    script->goes_on = true;
    script->frames.push_back(std::move(welcome));
    connection = std::make_unique<ScriptedPeer>(script);
    peer = connection.get();
  }
  void say(ScriptedNode& node, Input& input) const {
    for (int frames = 0; !input.empty() && frames < 200 && !script->closed; ++frames) {
      const auto choice = input.byte();
      if (choice == 255) {
        break;
      }
      script->frames.push_back(next_frame(choice, input));
      if (input.byte() % 4 == 0) {
        peer->ring();
        node.run();
      }
    }
  }
  void end(ScriptedNode& node) const {
    if (!script->closed) {
      script->goes_on = false;
      peer->ring();
      node.run();
    }
  }

  std::shared_ptr<Script> script;
  std::unique_ptr<ScriptedPeer> connection;
  const ScriptedPeer* peer;
};

void talk(ScriptedNode& node, std::span<const std::byte> bytes) {
  Input input{bytes};
  const bool comes_again = input.byte() % 2 == 1;
  Line first{welcome(comes_again, 0)};
  node.transport().set_next(std::move(first.connection));
  bool done = false;
  node.run_in_actor([&runtime = node.runtime(), &done] {
    if (auto queue = troupe::Queue<std::string>::open(runtime, "script:peer")) {
      use(*std::move(queue));
    }
    done = true;
  });
  first.say(node, input);
  if (comes_again && !first.script->closed) {
    Line second{welcome(true, input.byte())};
    node.transport().set_next(std::move(second.connection));
    first.end(node);
    node.let_time_pass(std::chrono::milliseconds{20});
    if (!second.script->closed) {
      second.say(node, input);
    }
    node.transport().set_next(nullptr);
    second.end(node);
  }
  first.end(node);
  node.let_time_pass();
  TROUPE_CHECK(done && first.script->closed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto& node = *new ScriptedNode;
  static const std::size_t living = [] {
    const troupe::harness::LeftForEver left_for_ever;
    talk(node, {});
    return node.runtime().actors()->living();
  }();
  const std::size_t before = troupe::harness::allocations().total;
  talk(node, std::as_bytes(std::span{data, size}));
  TROUPE_CHECK(node.runtime().actors()->living() == living);
  TROUPE_CHECK(troupe::harness::allocations().total - before < (std::size_t{4} << 20U) + 64 * size);
  return 0;
}
