// SPDX-License-Identifier: Apache-2.0
#include "transports/interleaving/access.hpp"

#include <array>
#include <sstream>

namespace troupe::interleaving {

std::string describe(const Access& access, const std::string& place, std::uint64_t answer) {
  using Kind = Access::Kind;
  static constexpr std::array kOrders{"relaxed", "consume", "acquire",
                                      "release", "acq_rel", "seq_cst"};
  const auto at = [&] {
    return place + ' ' + kOrders.at(static_cast<std::size_t>(access.order)) + ' ';
  };
  std::ostringstream text;
  text << std::hex << std::showbase;
  switch (access.kind) {
    case Kind::load:
      text << at() << "load: " << answer;
      break;
    case Kind::store:
      text << at() << "store " << access.operand;
      break;
    case Kind::exchange:
      text << at() << "exchange for " << access.operand << ": " << answer;
      break;
    case Kind::add:
      text << at() << "fetch_add " << access.operand << ": " << answer;
      break;
    case Kind::compare_exchange:
      text << at() << "compare_exchange " << access.expected << " for " << access.operand << ": "
           << answer;
      break;
    case Kind::make_all_visible:
      return "make_all_visible";
    case Kind::ring:
      return "rings";
    case Kind::sleep:
      return answer == 0 ? "slept, was rung" : "slept, heard of the other's end";
    case Kind::choose:
      text << "chooses " << answer;
      break;
    case Kind::write_content:
      text << place << " content := " << access.operand;
      break;
    case Kind::read_content:
      text << place << " content: " << answer;
      break;
    case Kind::count:
    case Kind::counted:
      break;
  }
  return text.str();
}

}  // namespace troupe::interleaving
