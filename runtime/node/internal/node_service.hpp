// SPDX-License-Identifier: Apache-2.0
#pragma once

// NodeService: what nodes ask of each other about actors: an actor of each node, reached as any
// other. Part of the wire format: docs/wire-protocol.md#node-links.

#include "troupe/runtime/actor/context.hpp"
#include "troupe/runtime/actor/future.hpp"
#include "troupe/runtime/actor/protocol.hpp"
#include "troupe/runtime/node/inspection.hpp"
#include "troupe/serialization/schema.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::node {

class Hub;

struct Signature {
  Schema message;
  Schema reply;
};

// Who has a name, if that takes `wanted`; waits for somebody to have it.
struct FindActor {
  static constexpr std::string_view troupe_name = "troupe.FindActor";
  std::string name;
  std::vector<Signature> wanted;
  std::int64_t wait = 0;  // ns
};
struct SpawnActor {
  static constexpr std::string_view troupe_name = "troupe.SpawnActor";
  std::string name;  // as it is offered
  Schema arguments;
  Bytes encoded;
};
struct FoundActor {
  static constexpr std::string_view troupe_name = "troupe.FoundActor";
  std::uint64_t number = 0;
};
// What inspection_wire.hpp calls a Detail.
struct TellProgram {
  static constexpr std::string_view troupe_name = "troupe.TellProgram";
  std::string detail;
};

class NodeService final {
 public:
  using Accepts =
      Protocol<FoundActor(FindActor), FoundActor(SpawnActor), ProgramReport(TellProgram)>;

  explicit NodeService(std::shared_ptr<Hub> hub) noexcept;

  Promise<FoundActor> handle(FindActor wanted, Context& context);
  Result<FoundActor> handle(const SpawnActor& wanted);
  Result<ProgramReport> handle(const TellProgram& wanted);

 private:
  const std::shared_ptr<Hub> hub_;
};

}  // namespace troupe::node
