// SPDX-License-Identifier: Apache-2.0
#pragma once

// BenchRuntime: the least of a Runtime that channels need; it starts no process, so one may be
// forked beside it.

#include "troupe/runtime/fiber/runtime_core.hpp"

namespace bench {

class BenchRuntime final : public troupe::RuntimeCore {
 public:
  explicit BenchRuntime(bool spin) : RuntimeCore(ports(spin)) {}

 private:
  static troupe::Ports ports(bool spin) {
    troupe::Ports ports;
    ports.spin = spin;
    return ports;
  }
};

}  // namespace bench
