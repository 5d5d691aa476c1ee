// SPDX-License-Identifier: Apache-2.0
#include "tools/connect_options.hpp"

#include "tools/arguments.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace troupe::tools {
namespace {

constexpr std::string_view kUsage =
    R"(  --authkey-file FILE      prove to each other to know the key in FILE
  --lost-after SECONDS     a peer on another host is lost when its host is silent for so long (30); at least 2
for tls:
  --certificate FILE       who this end is; who connects needs it only where the listener asks for it
  --private-key FILE       the key of that certificate
  --trust FILE             whose certificates to believe (who connects: those that the system does)
  --peer-name NAME         who connects: whom the listener's certificate must name (the host of the URL)
for zmq+tcp: and zmq+ipc:, files as troupe keygen NAME makes them:
  --curve-key FILE         this end's own, NAME.key_secret
  --curve-server FILE      who connects: the listener's, NAME.key
  --curve-clients FILE     who listens: the public keys of whom it serves, one a line
)";

Result<Duration> lost_after(std::string_view name, std::string_view text) {
  auto given = seconds(name, text);
  if (given && *given < std::chrono::seconds{2}) {
    return wrong(std::string{name} + " takes at least 2 seconds, not \"" + std::string{text} +
                 "\"");
  }
  return given;
}

}  // namespace

Result<ConnectOptions> ConnectChoice::with_key() const {
  ConnectOptions all = connect;
  if (!key_file.empty()) {
    auto key = AuthKey::from_file(key_file);
    if (!key) return key.error();
    all.key = *std::move(key);
  }
  return all;
}

std::optional<Result<void>> take_connect_option(Arguments& at, ConnectChoice& choice) {
  TlsOptions& tls = choice.connect.tls;
  CurveOptions& curve = choice.connect.curve;
  if (at.is("--authkey-file")) return at.value(choice.key_file, path);
  if (at.is("--lost-after")) return at.value(choice.connect.lost_after, lost_after);
  if (at.is("--certificate")) return at.value(tls.certificate, path);
  if (at.is("--private-key")) return at.value(tls.private_key, path);
  if (at.is("--trust")) return at.value(tls.trust, path);
  if (at.is("--peer-name")) return at.value(tls.peer_name, any_text);
  if (at.is("--curve-key")) return at.value(curve.secret_key, path);
  if (at.is("--curve-server")) return at.value(curve.server_key, path);
  if (at.is("--curve-clients")) return at.value(curve.clients, path);
  return std::nullopt;
}

std::string_view connect_usage() {
  return kUsage;
}

}  // namespace troupe::tools
