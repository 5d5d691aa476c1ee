// SPDX-License-Identifier: Apache-2.0
#include "tools/direct_fifo.hpp"

#include <string>

namespace troupe::tools {

Address address_for(Way way, const ChannelOptions& options) {
  const Address& address = options.address;
  if (address.scheme() != "fifo" || options.connect.framing == Framing::python ||
      address.option("direct")) {
    return address;
  }
  const bool has_options = address.text().find('?') != std::string::npos;
  return Address{address.text() + (has_options ? "&" : "?") +
                 (way == Way::send ? "direct=write" : "direct=read")};
}

}  // namespace troupe::tools
