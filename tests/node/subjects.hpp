// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the tests of links between nodes have on either side.

#include "troupe/runtime/runtime.hpp"

#include <chrono>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace troupe::node_test {

using namespace std::chrono_literals;

// The hello of the example in docs/wire-protocol.md:
// node 01…08, epoch 1, "python", nowhere, pid 7; no service; 2 s; 256 messages, 4 MiB.
inline constexpr std::string_view kHello =
    "01 9a ab 74 72 6f 75 70 65 2d 6e 6f 64 65 01"
    " 95 cf 01 02 03 04 05 06 07 08 01 a6 70 79 74 68 6f 6e a0 07"
    " 00 ce 77 35 94 00 cd 01 00 ce 00 40 00 00 a0 a0 a0";

struct Add {
  long amount = 0;
};
struct Total {};
struct Has {
  long amount = 0;
};
struct Note {
  std::uint64_t number = 0;
  std::string text;
};
struct Notes {};
struct Fail {
  std::string why;
};
struct Hold {};  // until its runtime stops
struct Sleep {
  std::chrono::milliseconds time{};
};

// An actor class as users write them.
class Account final {
 public:
  using Accepts = Protocol<long(Add), long(Total), bool(Has), void(Note), std::vector<Note>(Notes),
                           void(Fail), void(Hold), void(Sleep)>;
  using Arguments = std::tuple<long>;

  explicit Account(long total) : total_(total) {}

  long handle(Add add) { return total_ += add.amount; }
  long handle(Total /*total*/) const { return total_; }
  bool handle(Has has) const { return total_ >= has.amount; }
  void handle(Note note) { notes_.push_back(std::move(note)); }
  std::vector<Note> handle(Notes /*notes*/) { return notes_; }
  void handle(const Fail& fail) { throw std::runtime_error{fail.why}; }
  void handle(Hold /*hold*/, Context& context) { (void)context.sleep(1h); }
  void handle(Sleep sleep, Context& context) { (void)context.sleep(sleep.time); }

 private:
  long total_;
  std::vector<Note> notes_;
};

// What another program would know of it.
using AccountApi = Protocol<long(Add), long(Total)>;

// An actor that talks back to who is named in its message.
struct Report {
  Ref<Protocol<void(Note)>> to;
  std::uint64_t count = 0;
};
class Reporter final {
 public:
  using Accepts = Protocol<std::uint64_t(Report)>;

  std::uint64_t handle(const Report& report) {
    std::uint64_t sent = 0;
    for (std::uint64_t i = 0; i < report.count; ++i) {
      sent += report.to.send(Note{i, "reported"}) ? 1 : 0;
    }
    return sent;
  }
};

// One that keeps a handle for others.
struct Keep {
  Ref<Account> account;
};
struct Kept {};
class Keeper final {
 public:
  using Accepts = Protocol<void(Keep), Keep(Kept)>;

  void handle(const Keep& keep) { kept_ = keep; }
  Keep handle(Kept /*kept*/) { return kept_; }

 private:
  Keep kept_;
};

inline RuntimeOptions named(const std::string& name) {
  RuntimeOptions options;
  options.name = name;
  options.workers = 2;
  options.log = Log::to_stderr();
  return options;
}

}  // namespace troupe::node_test
