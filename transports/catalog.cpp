// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/catalog.hpp"

#include "troupe/transports/fifo/fifo_transport.hpp"
#include "troupe/transports/inproc/inproc_transport.hpp"
#include "troupe/transports/pipe/pipe_transport.hpp"
#include "troupe/transports/shm/shm_transport.hpp"
#include "troupe/transports/socket/tcp_transport.hpp"
#include "troupe/transports/socket/unix_transport.hpp"
#include "troupe/transports/tls/tls_transport.hpp"
#include "troupe/transports/zmq/zmq_transport.hpp"

namespace troupe::transports {

std::unique_ptr<Catalog> Catalog::standard() {
  auto catalog = std::make_unique<Catalog>();
  catalog->add(std::make_unique<PipeTransport>());
  catalog->add(std::make_unique<FifoTransport>());
  catalog->add(std::make_unique<ShmTransport>());
  catalog->add(std::make_unique<UnixTransport>());
  catalog->add(std::make_unique<TcpTransport>());
  catalog->add(std::make_unique<TlsTransport>());
  catalog->add(std::make_unique<ZmqTransport>(ZmqTransport::Below::tcp));
  catalog->add(std::make_unique<ZmqTransport>(ZmqTransport::Below::ipc));
  catalog->add(std::make_unique<InprocTransport>());
  return catalog;
}

void Catalog::add(std::unique_ptr<Transport> transport) {
  std::erase_if(transports_,
                [&](const auto& other) { return other->scheme() == transport->scheme(); });
  transports_.push_back(std::move(transport));
}

Result<Transport*> Catalog::find(const Address& address) const {
  if (auto valid = address.valid(); !valid) {
    return valid.error();
  }
  std::string known;
  for (const auto& transport : transports_) {
    if (transport->scheme() == address.scheme()) {
      return transport.get();
    }
    known += (known.empty() ? "" : ", ") + std::string{transport->scheme()} + ":";
  }
  return Error{Code::invalid_argument, "address \"" + address.text() + "\": the scheme " +
                                           std::string{address.scheme()} +
                                           ": is not known; there are " + known};
}

}  // namespace troupe::transports
