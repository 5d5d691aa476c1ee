// SPDX-License-Identifier: Apache-2.0
#pragma once

// FunctionId: what a function is called in another process of the same program: the build id of the
// ELF object that holds it, and where it stands in there. Valid across address randomisation and
// restarts, not across builds. Only ever accepted over descriptors that were inherited, never from
// a listener. Thread-safe. Programs are linked with -Wl,--build-id (troupe::troupe carries it).

#include "troupe/base/bytes.hpp"
#include "troupe/base/result.hpp"

#include <cstdint>

namespace troupe {

// A function of any type; converted back to its own type before it is called.
using AnyFunction = void (*)();

struct FunctionId {
  Bytes build_id;
  std::uint64_t offset = 0;  // from where the object is loaded

  friend bool operator==(const FunctionId&, const FunctionId&) = default;
};

// Errors: refused, when the object that holds it has no build id, or the address is in none.
Result<FunctionId> identify(AnyFunction function);

// The function in this process. Errors: refused, when no loaded object has that build id (another
// build, or a library that was loaded later), or nothing can be called there.
Result<AnyFunction> find_function(const FunctionId& id);

}  // namespace troupe
