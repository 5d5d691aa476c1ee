// SPDX-License-Identifier: Apache-2.0
#include "transports/ways.hpp"

#include "harness/temporary_directory.hpp"

#include <poll.h>

#include <utility>

namespace troupe::harness {

using transports::Capabilities;
using transports::ConnectionPair;
using transports::Dial;
using transports::Direction;
using transports::FrameListener;
using transports::Transport;

std::ostream& operator<<(std::ostream& out, const Way& way) {
  return out << way.name;
}

Way pair_way(std::string name, std::function<std::unique_ptr<Transport>()> transport,
             const Address& address, Direction direction, Capabilities capabilities,
             Way::Reset reset) {
  return {std::move(name),
          [=](Transport& made, const ConnectOptions& options) {
            return made.pair(address, direction, options).value();
          },
          std::move(transport),
          capabilities,
          reset,
          {}};
}

Way listener_way(std::string name, std::function<std::unique_ptr<Transport>()> transport,
                 std::string address, Capabilities capabilities, Way::Reset reset) {
  return {std::move(name),
          [address](Transport& made, const ConnectOptions& options) {
            const TemporaryDirectory directory;
            std::string where = address;
            if (const auto at = where.find("%d"); at != std::string::npos) {
              where.replace(at, 2, directory.path());
            }
            const auto listener = made.listen(where, options).value();
            const auto dial = made.dial(listener->address(), options).value();
            return meet(*listener, *dial);
          },
          std::move(transport),
          capabilities,
          reset,
          {}};
}

ConnectionPair meet(FrameListener& listener, Dial& dial) {
  ConnectionPair ends;
  while (ends.first == nullptr || ends.second == nullptr) {
    if (ends.second == nullptr) {
      ends.second = dial.step().value();
    }
    if (ends.first == nullptr) {
      ends.first = listener.try_accept().value();
    }
    ::poll(nullptr, 0, ends.first != nullptr && ends.second != nullptr ? 0 : 1);
  }
  return ends;
}

}  // namespace troupe::harness
