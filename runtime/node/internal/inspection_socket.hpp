// SPDX-License-Identifier: Apache-2.0
#pragma once

// InspectionSocket: the side of a runtime that is asked. A few clients at a time, each with a
// deadline and a short request; who says anything else is let go. Never blocks: whoever owns it
// polls what `add_waits` names, and calls `serve`. One thread at a time.

#include "troupe/base/bytes.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/node/inspection.hpp"
#include "troupe/transports/socket/unix_socket.hpp"

#include <poll.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::node {

class InspectionSocket final {
 public:
  static constexpr std::size_t kMostClients = 8;
  static constexpr Duration kPatience = std::chrono::seconds{2};  // with each client

  using Report = std::function<ProgramReport(Detail)>;

  // In the private directory. Errors: its own, and those of a listening Unix socket.
  static Result<std::unique_ptr<InspectionSocket>> open(Report report);
  InspectionSocket(std::string directory, transports::UnixListening listening, Report report);
  InspectionSocket(const InspectionSocket&) = delete;
  InspectionSocket& operator=(const InspectionSocket&) = delete;
  ~InspectionSocket();

  // Removes what killed programs have left beside it: of one that is restarted again and again,
  // nobody may ever list the programs. Takes a while where there are many.
  void clean_up() const;

  void add_waits(std::vector<pollfd>& waits) const;
  // Until when to wait at most.
  Deadline next() const;
  void serve();

 private:
  struct Client {
    UniqueFd socket;
    Deadline until;
    std::string request;
    Bytes reply;
    std::size_t sent = 0;
  };

  void accept();
  bool advance(Client& client) const;  // false: it is done with
  bool read(Client& client) const;
  bool write(Client& client) const;
  Bytes reply_to(std::string_view request) const;

  const std::string directory_;
  const transports::UnixListening listening_;
  const Report report_;
  std::vector<Client> clients_;
  Deadline resting_ = Deadline::at_once();  // until then nobody is accepted: descriptors ran out
};

}  // namespace troupe::node
