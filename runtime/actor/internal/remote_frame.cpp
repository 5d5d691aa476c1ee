// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/remote_frame.hpp"

namespace troupe::actor {

RemoteError to_wire(const Error& error) {
  return {static_cast<std::uint8_t>(error.code()), error.effect() == Effect::unknown,
          error.application_code(), error.what()};
}

Error from_wire(const RemoteError& error) {
  const auto code = static_cast<Code>(error.code);
  if (code == Code::failed && error.application_code != 0) {
    return Error::failed(error.what, error.application_code);
  }
  if (code < Code::overloaded || code > Code::cancelled) {
    return {Code::malformed,
            "an error with the unknown code " + std::to_string(error.code) + ": " + error.what};
  }
  return {code, error.what, error.effect_unknown ? Effect::unknown : Effect::none};
}

Result<RemoteFrame> read_kind(Reader& reader) {
  auto kind = reader.value<std::uint8_t>();
  if (!kind) {
    return kind.error();
  }
  if (*kind < static_cast<std::uint8_t>(RemoteFrame::tell) ||
      *kind > static_cast<std::uint8_t>(RemoteFrame::give_up)) {
    return Error{Code::malformed, "there is no frame of kind " + std::to_string(*kind)};
  }
  return static_cast<RemoteFrame>(*kind);
}

}  // namespace troupe::actor
