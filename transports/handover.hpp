// SPDX-License-Identifier: Apache-2.0
#pragma once

// Handover: a connection on its way to another process, as an argument or inside a message.

#include "troupe/base/buffer.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/options.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::transports {

struct Handover {
  std::string peer{};  // the address, which also names the transport
  Framing framing = Framing::python;
  std::size_t max_message = 0;
  std::size_t loans = 0;  // bytes that may be lent at once
  // How many memories this end has lent from: the other end may know their numbers still.
  std::uint32_t lent_from = 0;
  Buffer received{};     // arrived here, not yet taken
  UniqueFd input{};      // where bytes come from; empty when this end only sends
  UniqueFd output{};     // empty when it is `input`, or when this end only receives
  UniqueFd memory{};     // that the two ends share; empty where they share none
  UniqueFd own_bell{};   // rung by the other end; of ends that share memory
  UniqueFd peer_bell{};  // rings the other end
  // Memory that the other end lends from, by its number.
  struct Lent {
    std::uint32_t id = 0;
    std::uint64_t size = 0;
    UniqueFd memory;
  };
  std::vector<Lent> lent{};
  std::uint8_t side = 0;  // which of the two ends this is, where the descriptors do not tell
};

}  // namespace troupe::transports
