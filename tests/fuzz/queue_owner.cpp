// SPDX-License-Identifier: Apache-2.0
// Whatever a client of a queue says, its owner goes on or lets it go: another client has its item
// put, delivered and finished afterwards, and nothing is left when the queue ends. The first byte
// says whether the client comes again when its connection ends; then come two rows of frames, one
// for each connection, with a 255 where the first ends. Most frames are right up to a place: a byte
// chooses the kind, the next ones its numbers, then come a size and the bytes that follow in the
// frame; a last byte says whether the owner reads what has come before there is more.
#include "harness/allocations.hpp"
#include "harness/left_for_ever.hpp"
#include "input.hpp"
#include "scripted_node.hpp"
#include "troupe/runtime/queue/internal/owner.hpp"
#include "troupe/runtime/queue/internal/registry.hpp"

#include <algorithm>
#include <string>

namespace {

using namespace troupe_fuzz;  // NOLINT(google-build-using-namespace): of one file
using troupe::queue::Answer;
using troupe::queue::Frame;
using troupe::queue::Hello;
using troupe::queue::Wish;

constexpr std::size_t kCapacity = 8;

Bytes number_frame(Frame kind, std::uint64_t number) {
  return frame_of(kind, [&](troupe::Writer& writer) { writer.natural(number); });
}

Bytes wish_frame(const Wish& wish) {
  return frame_of(Frame::want, [&](troupe::Writer& writer) { writer.value(wish); });
}

Bytes ask_frame(std::uint64_t number, std::uint64_t question) {
  return frame_of(Frame::ask, [&](troupe::Writer& writer) {
    writer.natural(number);
    writer.natural(question);
    writer.text("");
  });
}

// A put, an emit or a finish.
Bytes items_frame(Frame kind, Input& input) {
  const std::uint64_t a = input.byte() % 16;
  const std::uint64_t b = input.byte() % 16;
  const std::uint64_t c = input.byte() % 4;
  const std::uint64_t count = input.byte() % 4;
  return frame_of(
      kind,
      [&](troupe::Writer& writer) {
        if (kind == Frame::put_with) {
          writer.natural(c);
          writer.integer(static_cast<std::int64_t>(b * 1'000'000));
        } else if (kind == Frame::emit) {
          writer.natural(c);
          writer.natural(a);
          writer.natural(b);
          writer.natural(count);
        } else if (kind == Frame::finish) {
          writer.natural(a);
          writer.natural(count);
        }
      },
      input.rest_of_frame());
}

Bytes delivery_frame(Frame kind, Input& input) {
  const std::uint64_t number = input.byte() % 16;
  const std::uint64_t more = input.byte();
  return frame_of(kind, [&](troupe::Writer& writer) {
    writer.natural(number);
    if (kind == Frame::give_back) {
      writer.boolean(more % 2 == 0);
      writer.integer(static_cast<std::int64_t>(more) * 1'000'000);
    } else if (kind == Frame::reject) {
      writer.text("it is no good");
    } else if (kind != Frame::open) {
      writer.natural(more);
    }
  });
}

Bytes next_frame(std::uint8_t choice, Input& input) {
  switch (choice % 12) {
    case 0:
      return items_frame(Frame::put, input);
    case 1:
      return items_frame(Frame::put_with, input);
    case 2:
      return items_frame(Frame::emit, input);
    case 3:
      return items_frame(Frame::finish, input);
    case 4: {
      const std::uint32_t items = input.byte() % 16;
      const std::uint64_t bytes = input.byte();
      return wish_frame({items, bytes * 8, input.byte() % 4U, input.byte() % 64U});
    }
    case 5:
      return delivery_frame(Frame::unwanted, input);
    case 6:
      return number_frame(Frame::take, input.byte() % 16);
    case 7:
      return frame_of(Frame::untake, [](troupe::Writer& /*writer*/) {});
    case 8:
      return delivery_frame(static_cast<Frame>(15 + input.byte() % 5), input);
    case 9:
      return ask_frame(input.byte(), input.byte() % 4);
    case 10: {
      const auto kind = static_cast<Frame>(input.byte() % 48);
      return frame_of(
          kind, [](troupe::Writer& /*writer*/) {}, input.rest_of_frame());
    }
    default: {
      const auto bytes = input.rest_of_frame();
      return {bytes.begin(), bytes.end()};
    }
  }
}

// A client that does all as it should.
class Healthy final {
 public:
  Healthy(ScriptedNode& node, troupe::queue::Owner& owner) : node_(node) {
    script_->goes_on = true;
    auto peer = std::make_unique<ScriptedPeer>(script_);
    peer_ = peer.get();
    owner.adopt(troupe::Connection{node.runtime(), std::move(peer)}, hello(), false);
  }

  static Hello hello() {
    Hello hello;
    hello.magic = troupe::queue::kMagic;
    hello.version = troupe::queue::kVersion;
    return hello;
  }

  // Finishes all that is ready, then sees an item of its own through.
  void check() {
    say(number_frame(Frame::take, 1'000'000));
    const auto before = stats();
    if (before.closed || before.ready + before.in_work >= kCapacity || before.bytes > 2048) {
      return;
    }
    say(wish_frame({1, 16, 1, 16}));
    TROUPE_CHECK(count(Frame::grant) == 1);
    say(frame_of(Frame::put, [](troupe::Writer& writer) { writer.text("mine"); }));
    TROUPE_CHECK(count(Frame::accepted) == 1);
    TROUPE_CHECK(last_item_ == frame_of(Frame::item,
                                        [&](troupe::Writer& writer) {
                                          writer.natural(before.accepted + 1);
                                          writer.natural(0);
                                          writer.natural(0);
                                          writer.boolean(false);
                                          writer.text("mine");
                                        }) ||
                 before.in_work > 0 || before.ready > 0);
    TROUPE_CHECK(stats().finished > before.finished);
  }

 private:
  // Acknowledges what comes for it.
  void say(Bytes frame) {
    script_->frames.push_back(std::move(frame));
    for (bool more = true; more;) {
      peer_->ring();
      node_.run();
      more = false;
      for (Bytes& each : std::exchange(script_->told, {})) {
        if (is(each, Frame::item)) {
          script_->frames.push_back(frame_of(Frame::ack, [&](troupe::Writer& writer) {
            writer.natural(++deliveries_);
            writer.natural(1);
          }));
          last_item_ = std::move(each);
          more = true;
        } else {
          told_.push_back(std::move(each));
        }
      }
    }
  }
  std::size_t count(Frame kind) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(told_, [&](const Bytes& frame) { return is(frame, kind); }));
  }
  static bool is(const Bytes& frame, Frame kind) {
    const troupe::Incoming incoming{.bytes = frame};
    const troupe::DecodeLimits limits;
    troupe::Reader reader{incoming, limits};
    return *troupe::queue::read_kind(reader) == kind;
  }
  troupe::QueueStats stats() {
    told_.clear();
    say(ask_frame(1, 1));
    TROUPE_CHECK(told_.size() == 1 && is(told_[0], Frame::answer));
    const troupe::Incoming incoming{.bytes = told_[0]};
    const troupe::DecodeLimits limits;
    troupe::Reader reader{incoming, limits};
    (void)troupe::queue::read_kind(reader);
    (void)reader.value<std::uint64_t>();
    const troupe::QueueStats stats = reader.value<Answer>()->stats;
    told_.clear();
    return stats;
  }

  ScriptedNode& node_;
  const std::shared_ptr<Script> script_ = std::make_shared<Script>();
  const ScriptedPeer* peer_ = nullptr;
  std::vector<Bytes> told_;  // but for items
  std::uint64_t deliveries_ = 0;
  Bytes last_item_;
};

// One connection of the client.
class Line final {
 public:
  Line(ScriptedNode& node, troupe::queue::Owner& owner, const Hello& hello) : node_(node) {
    script_->goes_on = true;
    auto connection = std::make_unique<ScriptedPeer>(script_);
    peer_ = connection.get();
    owner.adopt(troupe::Connection{node.runtime(), std::move(connection)}, hello, false);
    node.run();
  }

  void say(Input& input) {
    for (int frames = 0; !input.empty() && frames < 200 && !script_->closed; ++frames) {
      const auto choice = input.byte();
      if (choice == 255) {
        break;
      }
      script_->frames.push_back(next_frame(choice, input));
      if (input.byte() % 4 == 0) {
        peer_->ring();
        node_.run();
      }
    }
    if (!script_->closed) {
      script_->goes_on = false;
      peer_->ring();
      node_.run();
    }
    TROUPE_CHECK(script_->closed);
  }
  // The number of the queue, which it was told first.
  std::uint64_t queue() const {
    const troupe::Incoming incoming{.bytes = script_->told.at(0)};
    const troupe::DecodeLimits limits;
    troupe::Reader reader{incoming, limits};
    TROUPE_CHECK(*troupe::queue::read_kind(reader) == Frame::welcome);
    return reader.value<troupe::queue::Welcome>()->queue;
  }

 private:
  ScriptedNode& node_;
  const std::shared_ptr<Script> script_ = std::make_shared<Script>();
  const ScriptedPeer* peer_;
};

void serve(ScriptedNode& node, std::span<const std::byte> bytes) {
  troupe::QueueOptions options;
  options.capacity = kCapacity;
  options.capacity_bytes = 4096;
  options.deliveries = 2;
  const auto owner = node.runtime().queues()->make("fuzzed", {}, options);
  node.run();
  Input input{bytes};
  Hello hello = Healthy::hello();
  hello.client = input.byte() % 2;
  Line first{node, *owner, hello};
  Healthy healthy{node, *owner};
  node.run();
  first.say(input);
  if (hello.client != 0) {
    hello.queue = first.queue();
    hello.heard = input.byte();
    Line{node, *owner, hello}.say(input);
    node.let_time_pass();  // it is not waited for any more
  }
  healthy.check();
  owner->end();
  node.run();
  TROUPE_CHECK(owner->ended());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto& node = *new ScriptedNode;
  static const std::size_t living = [] {
    const troupe::harness::LeftForEver left_for_ever;
    serve(node, {});
    node.let_time_pass();
    return node.runtime().actors()->living();
  }();
  const std::size_t before = troupe::harness::allocations().total;
  serve(node, std::as_bytes(std::span{data, size}));
  node.let_time_pass();
  TROUPE_CHECK(node.runtime().actors()->living() == living);
  TROUPE_CHECK(troupe::harness::allocations().total - before < (std::size_t{4} << 20U) + 64 * size);
  return 0;
}
