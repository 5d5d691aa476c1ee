// SPDX-License-Identifier: Apache-2.0
#pragma once

// SilenceWatch: of a connection to another host, notices that the other's kernel has fallen silent
// while something is under way to it. TCP's keepalive, which asks an idle one, does not do so then;
// the kernel goes on sending for a quarter of an hour; and TCP_USER_TIMEOUT would also end a
// connection to a process that is stopped, whose kernel answers. So that is set only while the
// other kernel does not answer, and the connection ends with ETIMEDOUT.
//
// A thread looks at all of them, four times in the time that a peer has; it is there while such a
// connection is. Its look costs a call to the kernel.

namespace troupe::transports {

class SilenceWatch final {
 public:
  // `socket`: connected, and stays open for as long as this lives. Of one that is not TCP's, has no
  // keepalive (prepare_tcp), or does not leave this host: nothing is done.
  explicit SilenceWatch(int socket);
  SilenceWatch(const SilenceWatch&) = delete;
  SilenceWatch& operator=(const SilenceWatch&) = delete;
  ~SilenceWatch();

 private:
  const int socket_;
  const bool watched_;
};

}  // namespace troupe::transports
