// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/error.hpp"

#include <string.h>  // NOLINT(modernize-deprecated-headers): strerrordesc_np is not in <cstring>

#include <cerrno>
#include <utility>

namespace troupe {

std::string_view name_of(Code code) noexcept {
  switch (code) {
    case Code::overloaded:
      return "overloaded";
    case Code::closed:
      return "closed";
    case Code::disconnected:
      return "disconnected";
    case Code::timed_out:
      return "timed_out";
    case Code::malformed:
      return "malformed";
    case Code::refused:
      return "refused";
    case Code::invalid_argument:
      return "invalid_argument";
    case Code::system:
      return "system";
    case Code::failed:
      return "failed";
    case Code::lost:
      return "lost";
    case Code::not_found:
      return "not_found";
    case Code::exists:
      return "exists";
    case Code::cancelled:
      return "cancelled";
  }
  return "unknown";
}

Error::Error(Code code, std::string what, Effect effect)
    : code_(code), effect_(effect), what_(std::make_shared<const std::string>(std::move(what))) {}

Error Error::failed(std::string what, int application_code) {
  Error error{Code::failed, std::move(what)};
  error.application_code_ = application_code;
  return error;
}

Error Error::system(std::string_view doing, int os_errno) {
  const bool no_descriptor = os_errno == EMFILE || os_errno == ENFILE;
  Error error = no_descriptor
                    ? Error{Code::overloaded, std::string{doing} +
                                                  ": too many open files; close some, or raise "
                                                  "ulimit -n"}
                    : Error{Code::system, std::string{doing} + ": " + errno_text(os_errno)};
  error.os_errno_ = os_errno;
  return error;
}

Error Error::within(std::string_view where) const {
  Error outer = *this;
  outer.what_ = std::make_shared<const std::string>(std::string{where} + ": " + *what_);
  return outer;
}

std::string errno_text(int os_errno) {
  const char* text = ::strerrordesc_np(os_errno);
  return text != nullptr ? text : "error " + std::to_string(os_errno);
}

}  // namespace troupe
