// SPDX-License-Identifier: Apache-2.0
#include "remote_node.hpp"

#include "child_program.hpp"

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace bench {
namespace {

// A certificate for 127.0.0.1, signed by itself, made once for the program and what it forks.
const troupe::TlsOptions& certificate() {
  static const troupe::TlsOptions made = [] {
    std::string directory = "/tmp/troupe-bench-tls-XXXXXX";
    if (::mkdtemp(directory.data()) == nullptr) {
      throw std::runtime_error{"mkdtemp"};
    }
    const std::string certificate = directory + "/certificate.pem";
    const std::string key = directory + "/key.pem";
    ChildProgram{{"sh", "-c",
                  "umask 077; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
                  "-nodes -days 2 -subj /CN=bench -addext subjectAltName=IP:127.0.0.1 -keyout " +
                      key + " -out " + certificate + " 2>/dev/null; echo made"}}
        .output();
    return troupe::TlsOptions{
        .certificate = certificate, .private_key = key, .trust = certificate, .peer_name = {}};
  }();
  return made;
}

}  // namespace

std::string Over::listen_at() const {
  return scheme == "tcp" || scheme == "tls" ? scheme + "://127.0.0.1:0" : scheme + ":";
}

std::string Over::dial(const std::string& address) const {
  return scheme == "shm" ? address : address + "?shm=off";
}

troupe::ConnectOptions Over::listener() const {
  troupe::ConnectOptions options;
  if (scheme == "tls") {
    options.tls = certificate();
    options.tls.trust.clear();
  }
  return options;
}

troupe::ConnectOptions Over::client() const {
  troupe::ConnectOptions options;
  if (scheme == "tls") {
    options.tls.trust = certificate().trust;
  }
  return options;
}

troupe::RuntimeOptions one_worker() {
  troupe::RuntimeOptions options;
  options.workers = 1;
  return options;
}

RemoteNode::RemoteNode(Over over, std::function<void(troupe::Runtime& runtime)> offer)
    : over_(std::move(over)), offer_(std::move(offer)) {
  start(over_.listen_at());
}

void RemoteNode::start(const std::string& at) {
  const troupe::ConnectOptions options = over_.listener();  // here: both have its certificate
  process_.emplace([&](const FoundPartner::Tell& tell) {
    troupe::Runtime runtime{one_worker()};
    offer_(runtime);
    tell(runtime.listen(at, options).value().text());
  });
}

void RemoteNode::restart() {
  const std::string address = process_->where();
  process_.reset();
  start(address);
}

troupe::Node RemoteNode::link(troupe::Runtime& runtime) const {
  return runtime.connect(over_.dial(process_->where()), over_.client()).value();
}

}  // namespace bench
