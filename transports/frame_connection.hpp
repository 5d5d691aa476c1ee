// SPDX-License-Identifier: Apache-2.0
#pragma once

// FrameConnection: the contract of a connected transport, by which whole frames cross. What every
// implementation must do is said here and held by the conformance suite in tests/transports/.
//
// Nothing here blocks: a call does what is possible now and says `would_block` otherwise; waiting
// is the caller's (runtime/fiber). The sending and the receiving half are independent: one thread
// may send while another receives; each half is used by one thread at a time.

#include "troupe/base/buffer.hpp"
#include "troupe/base/bytes.hpp"
#include "troupe/base/loan.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/address.hpp"
#include "troupe/transports/handover.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace troupe::os {
class EventSet;
}  // namespace troupe::os

namespace troupe::transports {

// What a transport can do; callers branch on it, and nothing is skipped silently.
struct Capabilities {
  bool duplex = false;         // both ends send and receive
  bool many_peers = false;     // a listener serves any number of peers
  bool fds = false;            // frames carry file descriptors
  bool direct = false;         // a frame that is sent is with the peer: nothing is gathered
  bool loans = false;          // large frames may be written where the receiver reads them
  bool peer_identity = false;  // the kernel vouches for the peer's process and user
  bool other_hosts = false;    // crosses machines
};

// Control frames overtake data frames that have not begun to leave, and never wait behind them.
enum class Lane : std::uint8_t { control, data };

// `later` allows the frame to stay in the connection's send buffer until try_flush or a `now`.
enum class When : std::uint8_t { now, later };

// Whether a receive may ask the kernel, or only looks at what has arrived here already.
enum class From : std::uint8_t { buffer, kernel };

enum class Progress : std::uint8_t { done, would_block };

// A frame on its way out. The pieces are the body in order; a call that would block may have taken
// a part of them, so the same object is offered again until it is done.
struct OutgoingFrame {
  std::span<const std::span<const std::byte>> pieces;
  std::span<UniqueFd> fds;   // moved from once the frame begins to leave
  std::size_t size = 0;      // bytes of all pieces
  std::size_t taken = 0;     // the connection's: bytes of header and body already accepted
  std::size_t buffered = 0;  // the connection's, once done: bytes that now wait in its send buffer
  // Pieces that stand in here are never detached from the body, however large: a receiver looks for
  // what is detached only where the content of a byte string would be.
  std::span<const std::byte> attached{};
};

// A frame that came in.
struct IncomingFrame {
  std::span<const std::byte> body;  // valid until the next try_receive or close
  Buffer storage;                   // set where the body stands in counted memory of its own
  // Parts that the peer lent, and that are not in `body`, in ascending order; valid as `body` is.
  std::span<const DetachedBytes> detached;

  std::size_t size() const noexcept;  // of the whole message
  // Copies the whole message, what was lent in its place, to `place`, which is large enough.
  void copy_to(std::span<std::byte> place) const noexcept;
  Bytes joined() const;
};

// What to poll(2) for.
struct Readiness {
  int fd = -1;       // -1: never ready
  short events = 0;  // POLLIN, POLLOUT
  // Set where `fd` is a set of several, which is waited on in one call; polling it does as well.
  os::EventSet* set = nullptr;
};

class FrameConnection {
 public:
  FrameConnection() = default;
  FrameConnection(const FrameConnection&) = delete;
  FrameConnection& operator=(const FrameConnection&) = delete;
  virtual ~FrameConnection() = default;  // closes; what is buffered and unsent is dropped

  virtual Capabilities capabilities() const noexcept = 0;
  virtual const Address& peer() const noexcept = 0;
  // The public key that the peer has proved to have, as the transport spells it; empty: it is
  // nobody in particular.
  virtual std::string peer_key() const { return {}; }

  // ---- sending half ----

  // Offers `frame`. Done: all of it is written or buffered, and it will leave before any later
  // frame of its lane. would_block: wait for writable() and offer the same object again; nothing
  // else may be offered on the data lane meanwhile. Errors: closed (this end), disconnected (the
  // peer is gone; Effect unknown once bytes had left), invalid_argument (too large, descriptors
  // that cannot cross).
  virtual Result<Progress> try_send(OutgoingFrame& frame, Lane lane, When when) = 0;

  // Copies what is left of a frame that has partly been taken, so that the caller may go. Allowed
  // only after would_block with frame.taken > 0.
  virtual void take_over(OutgoingFrame& frame) = 0;

  // Writes what is buffered. Errors as try_send.
  virtual Result<Progress> try_flush() = 0;

  // Writes what is buffered, and tells the peer that nothing more comes, where the transport has a
  // word for that: what ends otherwise is `disconnected` there. To be done before close, which does
  // not wait. Errors as try_send.
  virtual Result<Progress> try_finish() { return try_flush(); }

  // Memory that the receiver will view, where capabilities().loans; nothing while too much is out:
  // wait for writable() and try again. Errors: invalid_argument (no loans here; above the limit of
  // a message), overloaded (memory is short), those of try_send.
  virtual Result<std::optional<Loan>> try_lend(std::size_t bytes);
  // Who holds what has been lent, for the text of an error. Thread-safe.
  virtual std::string loan_holders() const { return {}; }

  virtual std::size_t buffered() const noexcept = 0;  // bytes accepted and not yet written
  virtual Readiness writable() const noexcept = 0;

  // ---- receiving half ----

  // Takes the next frame. A body of more than a few KiB that fits `destination` is read straight
  // into it; then nothing is detached. Errors: closed (the peer ended at a frame boundary),
  // malformed (truncated inside a frame, a length that is negative or above the limit),
  // disconnected (reset). The limit is checked before memory is taken, and memory grows as bytes
  // arrive. After an error each call returns it again.
  virtual Result<Progress> try_receive(IncomingFrame& frame, std::span<std::byte> destination = {},
                                       From from = From::kernel) = 0;

  // A receive that would block may have begun to fill `destination`: the caller takes it back.
  virtual void leave_destination() = 0;

  // Frames above `bytes` are malformed from now on; the handshake keeps it small.
  virtual void set_receive_limit(std::size_t bytes) noexcept = 0;

  // The descriptors that came with the frame just taken, at the front; those of later frames may
  // follow. Those that the message mentions are to be moved out before the next try_receive.
  virtual std::span<UniqueFd> fds() noexcept = 0;
  // The frame just taken does not want its descriptors: closes those that no later one can mention.
  virtual void drop_fds() noexcept = 0;

  // To be called before waiting for readable(): true when a frame or an end is here already, so
  // that a try_receive needs no wait.
  virtual bool arm_receive() = 0;
  virtual Readiness readable() const noexcept = 0;

  // ---- both ----

  // What another process needs to continue with this connection: duplicates of its descriptors and
  // the bytes that were received and not yet taken, `untaken` first: a frame that was received here
  // and is to be received there. This end stays usable until closed, but must not be. Errors:
  // refused (this transport cannot leave its process, unsent bytes are buffered, a frame is half
  // received, or descriptors were not taken).
  virtual Result<Handover> hand_over(const IncomingFrame* untaken = nullptr) = 0;

  // Ends both halves at once; buffered bytes are dropped. Idempotent.
  virtual void close() noexcept = 0;
};

}  // namespace troupe::transports
