// SPDX-License-Identifier: Apache-2.0
#pragma once

// TlsContext: what the sessions of one listener, or of one connect, have in common: TLS 1.3, this
// end's certificate and key, and whom to trust; read from the files of TlsOptions. Immutable,
// shared by copies; thread-safe.

#include "troupe/base/result.hpp"
#include "troupe/transports/options.hpp"

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace troupe::transports {

class TlsContext final {
 public:
  // Errors of both: not_found (a file is missing), refused (it may not be read, or others may read
  // the key), invalid_argument (it is not what it should be, the certificate's time is over, the
  // key does not fit), system. They name the file and never show what is in it.
  static Result<TlsContext> for_client(const TlsOptions& options, const std::string& doing);
  static Result<TlsContext> for_listener(const TlsOptions& options, const std::string& doing);

  ssl_ctx_st* get() const noexcept { return context_.get(); }
  // Whom it trusts, for the text of an error.
  const std::string& trusts() const noexcept { return trusts_; }

 private:
  TlsContext(std::shared_ptr<ssl_ctx_st> context, std::string trusts)
      : context_(std::move(context)), trusts_(std::move(trusts)) {}

  static Result<TlsContext> create(const TlsOptions& options, const std::string& doing);

  std::shared_ptr<ssl_ctx_st> context_;
  std::string trusts_;
};

}  // namespace troupe::transports
