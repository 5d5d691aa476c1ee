// SPDX-License-Identifier: Apache-2.0
#pragma once

// Handles in messages: a Ref that is sent to another process names the same actor there, and a
// third one that it is sent on to finds the way by itself. The actor's class needs its Accepts; its
// node, where nothing connects the two yet, an address (Runtime::listen; processes of one user find
// each other without).

#include "troupe/runtime/actor/ref.hpp"
#include "troupe/runtime/actor/remote_message.hpp"
#include "troupe/serialization/codec.hpp"

#include <string_view>

namespace troupe {

namespace node {

void write_ref(Writer& writer, const actor::Target& target);
// Errors: malformed, invalid_argument (the thread has no runtime).
Result<actor::Target> read_ref(Reader& reader, actor::RemoteMessages known);

}  // namespace node

template <class A>
requires actor::kListsMessages<A>
struct Codec<Ref<A>> {
  static constexpr std::string_view kWireKind = "ref";

  static void encode(Writer& writer, const Ref<A>& ref) { node::write_ref(writer, ref.target()); }
  static Result<Ref<A>> decode(Reader& reader) {
    const auto target = node::read_ref(reader, actor::crossing_messages<A>());
    if (!target) {
      return target.error();
    }
    return Ref<A>{*target};
  }
};

}  // namespace troupe
