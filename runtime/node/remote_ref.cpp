// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/remote_ref.hpp"

#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/node/internal/hub.hpp"

namespace troupe::node {

void write_ref(Writer& writer, const actor::Target& target) {
  writer.value(target.cell == nullptr ? ActorAddress{}
                                      : actor::runtime_of(target).nodes()->address_of(target));
}

Result<actor::Target> read_ref(Reader& reader, actor::RemoteMessages known) {
  const auto address = reader.value<ActorAddress>();
  if (!address) {
    return address.error();
  }
  const RuntimeCore* const runtime = RuntimeCore::current();
  if (runtime == nullptr || runtime->nodes() == nullptr) {
    return Error{Code::invalid_argument,
                 "a handle of an actor is read on a thread that has no Runtime"};
  }
  return runtime->nodes()->target_of(*address, known);
}

}  // namespace troupe::node
