// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fixtures of the conformance suites. A transport's own file instantiates
//
//   FrameConnectionTest   what FrameConnection promises, with its Ways          every transport
//   StreamTest            the bytes of the stream engine, with its Ways         pipe fifo unix tcp
//   tls FramingTest           framings lines and raw, with its Ways                 pipe fifo unix
//   tcp tls FrameListenerTest     what listening and dialling promise, with Places      those with
//   listeners

#include "harness/raw_fd.hpp"
#include "harness/temporary_directory.hpp"
#include "transports/frames.hpp"
#include "transports/places.hpp"
#include "transports/ways.hpp"
#include "troupe/transports/transport.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace troupe::harness {

// Two connected ends, made by the Way; at the end nothing of them may be left: no descriptor, no
// file in the private directory.
class FrameConnectionTest : public testing::TestWithParam<Way> {
 protected:
  void TearDown() override;

  void connect(const ConnectOptions& options = {});
  transports::FrameConnection& receiver() const { return *ends_.first; }
  transports::FrameConnection& sender() const { return *ends_.second; }
  transports::Transport& transport() { return *transport_; }

  bool is_stream() const;   // crosses processes
  bool hands_over() const;  // an end can go on in another process
  bool encrypts() const;    // and so may hold a bit more than it was given
  bool gathers() const;     // When::later leaves a frame in a buffer, and control goes before it
  bool hands_over_whole() const;  // the largest frame is handed over at once
  bool is_duplex() const { return GetParam().capabilities.duplex; }
  bool carries_fds() const { return GetParam().capabilities.fds; }

  // Bytes: more than what the way holds; they take several turns to cross. What is encrypted leaves
  // more slowly, and the kernel makes room for more meanwhile.
  std::size_t huge() const { return std::size_t{encrypts() ? 16U : 4U} << 20U; }

  // Fills the way from sender to receiver with data frames of `size` bytes, numbered from 0 in
  // their first bytes, until one would block; that one is left to the caller, with its number.
  std::unique_ptr<Outgoing> fill(std::size_t size, std::uint32_t& number);
  static Bytes numbered(std::uint32_t number, std::size_t size);
  static std::uint32_t number_of(std::span<const std::byte> body);

  transports::ConnectionPair ends_;

 private:
  const TemporaryDirectory directory_;
  const EnvironmentScope private_directory_{"XDG_RUNTIME_DIR", directory_.path()};
  const std::size_t fds_before_ = open_fds();
  std::unique_ptr<transports::Transport> transport_ = GetParam().transport();
};

class StreamTest : public FrameConnectionTest {
 protected:
  // Connects, and gives what receiver() hears from to the test, to write to it directly.
  RawPeer connect_raw(const ConnectOptions& options = {}) {
    return connect_raw(options, ends_.first, ends_.second);
  }
  // The same with what sender() sends to, to read from it.
  RawPeer connect_raw_reader(const ConnectOptions& options = {}) {
    return connect_raw(options, ends_.second, ends_.first);
  }

 private:
  RawPeer connect_raw(const ConnectOptions& options,
                      std::unique_ptr<transports::FrameConnection>& ours,
                      std::unique_ptr<transports::FrameConnection>& its);
};

class FramingTest : public StreamTest {};

// Names that the test's own, empty private directory is in effect for.
class FrameListenerTest : public testing::TestWithParam<Place> {
 protected:
  void TearDown() override;

  std::unique_ptr<transports::FrameListener> listen(const ConnectOptions& options = {});
  transports::ConnectionPair connect(transports::FrameListener& listener);
  transports::Transport& transport() { return *transport_; }
  // An address of this kind that nobody has used yet.
  Address new_address();
  const std::string& directory() const { return directory_.path(); }

 private:
  const TemporaryDirectory directory_;
  const TemporaryDirectory private_;
  const EnvironmentScope private_directory_{"XDG_RUNTIME_DIR", private_.path()};
  const std::size_t fds_before_ = open_fds();
  std::unique_ptr<transports::Transport> transport_ = GetParam().transport();
  int addresses_ = 0;
};

}  // namespace troupe::harness
