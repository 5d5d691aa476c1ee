// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/internal/http_endpoint.hpp"

#include "troupe/transports/socket/tcp_transport.hpp"

#include <microhttpd.h>

#include <cstdint>
#include <exception>
#include <utility>

namespace troupe::node {

// What libmicrohttpd calls. Nothing is thrown through its code.
struct HttpCallbacks {
  static MHD_Result answer(void* endpoint, MHD_Connection* connection, const char* url,
                           const char* method, const char* /*version*/, const char* /*upload*/,
                           std::size_t* upload_size, void** request) noexcept {
    try {
      const std::string_view verb{method};
      if (verb != MHD_HTTP_METHOD_GET && verb != MHD_HTTP_METHOD_HEAD) {
        return queue(connection, {MHD_HTTP_METHOD_NOT_ALLOWED, {}, "only GET and HEAD\n"});
      }
      // An answer before the request is read to its end would close the connection.
      if (*request == nullptr || *upload_size != 0) {
        *request = endpoint;
        *upload_size = 0;
        return MHD_YES;
      }
      return queue(connection, static_cast<HttpEndpoint*>(endpoint)->answer_(url));
    } catch (const std::exception&) {
      return MHD_NO;  // no memory for it: the connection is closed
    }
  }

 private:
  static MHD_Result queue(MHD_Connection* connection, const HttpAnswer& answer) {
    MHD_Response* const response = MHD_create_response_from_buffer(
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): it is copied
        answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY);
    if (response == nullptr) {
      return MHD_NO;
    }
    if (!answer.type.empty()) {
      MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer.type.c_str());
    }
    if (answer.status == MHD_HTTP_METHOD_NOT_ALLOWED) {
      MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    const MHD_Result queued = MHD_queue_response(connection, answer.status, response);
    MHD_destroy_response(response);
    return queued;
  }
};

Result<std::unique_ptr<HttpEndpoint>> HttpEndpoint::listen(const Address& address,
                                                           Answering answer) {
  const std::string doing = "serve /metrics at " + address.text();
  if (auto valid = address.valid(); !valid) {
    return valid.error().within("serve /metrics");
  }
  if (address.scheme() != "tcp") {
    return Error{Code::invalid_argument, doing + ": write tcp://127.0.0.1:PORT"};
  }
  auto listening = transports::listen_at_tcp(address);
  if (!listening) {
    return listening.error().within("serve /metrics");
  }
  auto endpoint = std::make_unique<HttpEndpoint>(listening->address, std::move(answer));
  // Without a thread of its own: in the epoll set that it then has, everything is waited for.
  endpoint->daemon_ =
      MHD_start_daemon(MHD_USE_EPOLL, 0, nullptr, nullptr, &HttpCallbacks::answer, endpoint.get(),
                       MHD_OPTION_LISTEN_SOCKET, listening->socket.get(),
                       MHD_OPTION_CONNECTION_LIMIT, kMostConnections, MHD_OPTION_CONNECTION_TIMEOUT,
                       kPatience, MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMostMemory, MHD_OPTION_END);
  if (endpoint->daemon_ == nullptr) {
    return Error{Code::overloaded, doing + ": descriptors or memory ran out"};
  }
  static_cast<void>(listening->socket.release());  // the daemon closes it
  return endpoint;
}

HttpEndpoint::HttpEndpoint(Address address, Answering answer)
    : address_(std::move(address)), answer_(std::move(answer)) {}

HttpEndpoint::~HttpEndpoint() {
  if (daemon_ != nullptr) {
    MHD_stop_daemon(daemon_);
  }
}

void HttpEndpoint::add_waits(std::vector<pollfd>& waits) const {
  const MHD_DaemonInfo* const info = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD);
  waits.push_back({info->epoll_fd, POLLIN, 0});
}

Deadline HttpEndpoint::next() const {
  MHD_UNSIGNED_LONG_LONG milliseconds = 0;
  if (MHD_get_timeout(daemon_, &milliseconds) != MHD_YES) {
    return forever;
  }
  constexpr MHD_UNSIGNED_LONG_LONG kDay = 86'400'000;
  return Deadline{std::chrono::milliseconds{
      static_cast<std::int64_t>(milliseconds < kDay ? milliseconds : kDay)}};
}

void HttpEndpoint::serve() {
  MHD_run(daemon_);
}

}  // namespace troupe::node
