# SPDX-License-Identifier: Apache-2.0
"""Queues of troupe for Python: put into a queue that a C++ program owns, take from it, acknowledge.

One file, the standard library only, Python 3.9 or newer. The queue has an address that its owner
made it with (or `troupe queue serve`): tcp://host:port/name or unix:/path.

    from troupe import Queue

    with Queue.open("unix:/run/lines", key=b"secret") as lines:
        lines.put("a line")                   # waits for room; on its way when it returns
        lines.put_confirmed([7, "seven"])     # the owner has it when it returns

    with Queue.open("tcp://10.0.0.5:7000/lines", key=b"secret") as lines:
        for delivery in lines:                # ends when the queue is closed and all is finished
            work(delivery.item)               # the loop's next step acknowledges

What is taken is on lease until it is acknowledged. A loop does that at its next step; left in any
other way, by a break, a return, an exception, it gives the item back, and somebody else gets it. So
does the death of this process. Work may therefore be done twice, never not at all. What was put into
other queues is with their owners before an acknowledgement made after it is sent.

Items are what msgpack has: None, bool, int, float, str, bytes, list or tuple, dict; and objects of
dataclasses. A struct of C++ is a list of its members in their order; as an item that is put, a dict
by the names of the members does as well. A str holds any bytes (surrogateescape), as std::string.

Errors are QueueError and what is below it. Times are seconds; None is for ever. Everything may be
called from any thread; each open queue has one of its own. A queue that was open before a fork is
of no use in the child, which opens it again. The bytes: docs/wire-protocol.md of troupe.
"""

import atexit
import collections
import contextlib
import dataclasses
import hmac
import os
import queue as _queue
import re
import select
import socket
import struct
import sys
import threading
import time
import urllib.parse
import weakref

__all__ = ["Closed", "Delivery", "Disconnected", "Empty", "Failed", "Full", "Lost", "Malformed", "NotFound",
           "Queue", "QueueError", "Refused", "Stats", "TimedOut", "pack", "unpack"]

_MOST_MESSAGE = 64 << 20  # bytes of a frame; one above is refused before memory is taken


# ---- errors ------------------------------------------------------------------------------------


class QueueError(Exception):
    """What can go wrong with a queue; its text says what was done, where, and what to try."""


class Full(QueueError, _queue.Full):
    """There was no room in time, or the queue refuses what it has no room for."""


class Empty(QueueError, _queue.Empty):
    """No item came in time."""


class TimedOut(QueueError, TimeoutError):
    """The owner did not answer in time; what was asked for may still happen."""


class Closed(QueueError):
    """The queue is closed; of a take: and all that was put is finished. Or the delivery is over."""


class Failed(QueueError):
    """The queue was closed by who could not put all that there is (fail): all is taken, and why."""


class Disconnected(QueueError, ConnectionError):
    """The owner is gone, and the queue with it; or this handle was left."""


class NotFound(QueueError):
    """Nobody has made a queue there."""


class Refused(QueueError, PermissionError):
    """The key, the version, or a put that would wait for itself: repeating it does not help."""


class Lost(QueueError):
    """The item was kept for longer than the queue's max_hold and is somebody else's; or what was
    put under this delivery is lost, and it was given back."""


class Malformed(QueueError, ValueError):
    """Bytes that are no message, or none that Python can hold."""


_CODES = {1: Full, 2: Closed, 3: Disconnected, 4: TimedOut, 5: Malformed, 6: Refused, 9: Failed,
          10: Lost, 11: NotFound}


# ---- msgpack -----------------------------------------------------------------------------------

_DEPTH = 64  # how deep containers nest
_ELEMENTS = 1 << 24  # of one container that is read


def pack(value):
    """The msgpack form of `value`. TypeError, ValueError: it has none."""
    out = bytearray()
    _pack(out, value, 0)
    return bytes(out)


def _pack(out, value, depth):
    if depth > _DEPTH:
        raise ValueError(f"containers nest deeper than {_DEPTH}")
    if value is None:
        out.append(0xC0)
    elif value is False or value is True:
        out.append(0xC3 if value else 0xC2)
    elif isinstance(value, int):
        _pack_int(out, int(value))
    elif isinstance(value, float):
        out += struct.pack(">Bd", 0xCB, value)
    elif isinstance(value, str):
        text = value.encode("utf-8", "surrogateescape")
        _pack_size(out, len(text), ((32, 0xA0), (1 << 8, 0xD9), (1 << 16, 0xDA), (1 << 32, 0xDB)))
        out += text
    elif isinstance(value, (bytes, bytearray, memoryview)):
        content = bytes(value)
        _pack_size(out, len(content), ((1 << 8, 0xC4), (1 << 16, 0xC5), (1 << 32, 0xC6)))
        out += content
    elif isinstance(value, (list, tuple)):
        _pack_size(out, len(value), ((16, 0x90), (1 << 16, 0xDC), (1 << 32, 0xDD)))
        for element in value:
            _pack(out, element, depth + 1)
    elif isinstance(value, dict):
        _pack_size(out, len(value), ((16, 0x80), (1 << 16, 0xDE), (1 << 32, 0xDF)))
        for key, element in value.items():
            _pack(out, key, depth + 1)
            _pack(out, element, depth + 1)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        _pack(out, [getattr(value, field.name) for field in dataclasses.fields(value)], depth)
    else:
        raise TypeError(f"an item cannot hold a {type(value).__name__}: None, bool, int, float, str, "
                        "bytes, list, tuple, dict and dataclasses can be sent")


def _pack_int(out, value):
    if 0 <= value < 0x80:
        out.append(value)
    elif -0x20 <= value < 0:
        out.append(value + 0x100)
    elif value >= 0:
        for limit, form in ((1 << 8, ">BB"), (1 << 16, ">BH"), (1 << 32, ">BI"), (1 << 64, ">BQ")):
            if value < limit:
                out += struct.pack(form, 0xCC + (">BB", ">BH", ">BI", ">BQ").index(form), value)
                return
        raise ValueError(f"{value} does not fit into 64 bits")
    else:
        for limit, form in ((1 << 7, ">Bb"), (1 << 15, ">Bh"), (1 << 31, ">Bi"), (1 << 63, ">Bq")):
            if -value <= limit:
                out += struct.pack(form, 0xD0 + (">Bb", ">Bh", ">Bi", ">Bq").index(form), value)
                return
        raise ValueError(f"{value} does not fit into 64 bits")


_SIZE_FORMS = {1 << 8: ">BB", 1 << 16: ">BH", 1 << 32: ">BI"}


def _pack_size(out, size, forms):
    for limit, code in forms:
        if size < limit:
            if limit in _SIZE_FORMS:
                out += struct.pack(_SIZE_FORMS[limit], code, size)
            else:
                out.append(code | size)
            return
    raise ValueError(f"{size} bytes or elements are more than a message holds")


def unpack(data):
    """The value that `data` is in msgpack. Malformed: it is none, or not one that Python holds."""
    reader = _Reader(data)
    value = reader.value()
    if not reader.at_end():
        raise Malformed("more bytes follow the value")
    return value


class _Reader:
    """Values one after the other; a size is held against the bytes that are left before memory is
    taken for it."""

    _SCALARS = {0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
                0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}
    _SIZED = {0xC4: ">B", 0xC5: ">H", 0xC6: ">I", 0xD9: ">B", 0xDA: ">H", 0xDB: ">I",
              0xDC: ">H", 0xDD: ">I", 0xDE: ">H", 0xDF: ">I"}

    def __init__(self, data):
        self._data = bytes(data)
        self._at = 0

    def at_end(self):
        return self._at == len(self._data)

    def rest(self):
        return self._data[self._at:]

    def value(self, depth=0):
        if depth > _DEPTH:
            raise Malformed(f"containers nest deeper than {_DEPTH}")
        code = self._take(1)[0]
        if code < 0x80:
            return code
        if code >= 0xE0:
            return code - 0x100
        if code < 0x90:
            return self._map(code & 0x0F, depth)
        if code < 0xA0:
            return self._array(code & 0x0F, depth)
        if code < 0xC0:
            return self._text(code & 0x1F)
        if code == 0xC0:
            return None
        if code in (0xC2, 0xC3):
            return code == 0xC3
        if code in self._SCALARS:
            return self._scalar(self._SCALARS[code])
        if code in self._SIZED:
            size = self._scalar(self._SIZED[code])
            if code <= 0xC6:
                return self._take(size)
            if code <= 0xDB:
                return self._text(size)
            return self._array(size, depth) if code <= 0xDD else self._map(size, depth)
        raise Malformed(f"an extension of msgpack (0x{code:02x}), which Python's troupe has no type for")

    def natural(self):
        value = self.value()
        if type(value) is not int or value < 0:
            raise Malformed(f"expected a number, found {type(value).__name__}")
        return value

    def list_of(self, least):
        """An array of at least so many: a struct, whose later members may be unknown here."""
        value = self.value()
        if not isinstance(value, list) or len(value) < least:
            raise Malformed(f"expected a list of {least} values")
        return value

    def _take(self, size):
        if size > len(self._data) - self._at:
            raise Malformed(f"{size} bytes were to follow, and {len(self._data) - self._at} did")
        taken = self._data[self._at:self._at + size]
        self._at += size
        return taken

    def _scalar(self, form):
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _text(self, size):
        return self._take(size).decode("utf-8", "surrogateescape")

    def _check_count(self, count, each):
        if count > _ELEMENTS or count * each > len(self._data) - self._at:
            raise Malformed(f"a container of {count} elements, more than its bytes can hold")

    def _array(self, count, depth):
        self._check_count(count, 1)
        return [self.value(depth + 1) for _ in range(count)]

    def _map(self, count, depth):
        self._check_count(count, 2)
        made = {}
        for _ in range(count):
            key = _as_key(self.value(depth + 1))
            made[key] = self.value(depth + 1)
        return made


def _as_key(value):
    if isinstance(value, list):
        return tuple(_as_key(element) for element in value)
    if isinstance(value, dict):
        raise Malformed("a map has a map as a key, which Python's dict cannot hold")
    return value


# ---- connecting --------------------------------------------------------------------------------


def _deadline(timeout):
    return None if timeout is None else time.monotonic() + timeout


def _left(deadline):
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _place_of(url):
    """What to connect to, (family, address), and the name of the queue there."""
    tcp = re.fullmatch(r"tcp://(\[[^\]]+\]|[^:/?#\[\]]+):(\d{1,5})(?:/([^?]*))?(?:\?.*)?", url)
    if tcp and int(tcp[2]) <= 65535:
        host = tcp[1].strip("[]")
        family = socket.AF_INET6 if tcp[1].startswith("[") else socket.AF_UNSPEC
        return family, (host, int(tcp[2])), urllib.parse.unquote(tcp[3] or "")
    unix = re.fullmatch(r"unix:([/@][^?]+)(?:\?.*)?", url)
    if unix:
        path = urllib.parse.unquote(unix[1])
        return socket.AF_UNIX, "\0" + path[1:] if path[0] == "@" else path, ""
    raise ValueError(f"open the queue {url}: an address is tcp://host:port/name or unix:/path")


class _Stream:
    """A socket that waits no longer than a deadline, for the first frames."""

    def __init__(self, family, address, deadline):
        self._deadline = deadline
        left = None if deadline is None else max(_left(deadline), 0.001)
        if family == socket.AF_UNIX:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                self.socket.settimeout(left)
                self.socket.connect(address)
            except BaseException:
                self.socket.close()
                raise
        else:
            self.socket = socket.create_connection(address, left)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _allow(self):
        left = _left(self._deadline)
        if left == 0.0:
            raise socket.timeout
        self.socket.settimeout(left)

    def send(self, body):
        self._allow()
        self.socket.sendall(struct.pack(">i", len(body)) + body)

    def receive(self, most):
        size = struct.unpack(">i", self._exactly(4))[0]
        if not 0 <= size <= most:
            raise Malformed(f"a first frame of {size} bytes")
        return self._exactly(size)

    def _exactly(self, size):
        got = b""
        while len(got) < size:
            self._allow()
            more = self.socket.recv(size - len(got))
            if not more:
                raise EOFError
            got += more
        return got


_CHALLENGE, _WELCOME, _FAILURE, _SHA256 = b"#CHALLENGE#", b"#WELCOME#", b"#FAILURE#", b"{sha256}"


def _authenticate(stream, key):
    """CPython's handshake by HMAC-SHA256 (its own Client knows that from 3.12 on, and no deadline)."""
    def code(message):
        return _SHA256 + hmac.new(key, message, "sha256").digest()

    challenge = stream.receive(256)
    if not challenge.startswith(_CHALLENGE + _SHA256):
        raise Refused("the owner does not ask for a key as troupe does")
    stream.send(code(challenge[len(_CHALLENGE):]))
    if stream.receive(256) != _WELCOME:
        raise Refused("the owner has another key: give both the same")
    mine = _SHA256 + os.urandom(40)
    stream.send(_CHALLENGE + mine)
    if not hmac.compare_digest(stream.receive(256), code(mine)):
        stream.send(_FAILURE)
        raise Refused("who answers there does not know the key: give both the same")
    stream.send(_WELCOME)


def _greet(stream, name, dead, key):
    """Returns the Welcome: [version, number of the queue, capacity, its bytes, ns of retry delay]."""
    if key is not None:
        try:
            _authenticate(stream, key)
        except (EOFError, ConnectionError, socket.timeout):
            raise Refused("the owner did not prove to know the key; it may have none") from None
    schema = ["", False, []]  # items of any type
    stream.send(pack(_HELLO) + pack(["troupe-queue", 1, name, dead, os.getpid(), schema]))
    answer = stream.receive(1 << 16)
    if answer.startswith(_CHALLENGE):
        raise Refused("the owner asks for a key: give this end the same")
    reader = _Reader(answer)
    kind = reader.natural()
    if kind == _WELCOMED:
        return reader.list_of(5)
    if kind != _REFUSED:
        raise Refused("what answers there is no queue of troupe")
    number, why = reader.natural(), reader.value()
    raise _CODES.get(number, QueueError)(str(why))


def _connect(url, dead, key, timeout):
    """Waits until the queue is there. Returns the socket and the Welcome."""
    doing = f"open the queue {url}"
    family, address, name = _place_of(url)
    deadline, pause = _deadline(timeout), 0.005
    while True:
        try:
            stream = _Stream(family, address, deadline)
            try:
                return stream.socket, _greet(stream, name, dead, key)
            except BaseException:
                stream.socket.close()
                raise
        except NotFound as error:
            why = str(error)
        except QueueError as error:
            raise type(error)(f"{doing}: {error}") from None
        except (ConnectionError, FileNotFoundError, BlockingIOError, EOFError):
            why = "nobody has made it there; start its owner first"
        except socket.timeout:
            raise TimedOut(f"{doing}: who is there did not answer in {timeout} s") from None
        except OSError as error:
            raise QueueError(f"{doing}: {error}") from error
        if deadline is not None and time.monotonic() + pause >= deadline:
            raise NotFound(f"{doing}: {why}")
        time.sleep(pause)
        pause = min(2 * pause, 0.2)


# ---- the client --------------------------------------------------------------------------------

# The kinds of frames, as runtime/queue/internal/queue_frame.hpp has them.
_HELLO, _WELCOMED, _REFUSED = 1, 2, 3
_PUT, _PUT_WITH, _WANT, _UNWANTED, _TAKE, _UNTAKE = 8, 9, 11, 12, 13, 14
_ACK, _GIVE_BACK, _REJECT, _EXTEND, _OPEN, _ASK, _BYE = 15, 16, 17, 18, 19, 21, 22
_ACCEPTED, _GRANT, _RECALL, _ITEM, _UNTAKEN, _END, _LOST, _ANSWER, _FULL, _UNWRITTEN = \
    range(32, 42)
_STATS, _CLOSE, _JOIN = 1, 2, 3

_MOST_OWED = 1 << 20  # bytes that wait to be sent before a put waits for them
_MOST_ACKS = 64  # acknowledgements that are sent together
_ACK_PAUSE = 0.005  # and how long one waits for others
_MOST_ROOM = 512  # that is asked for in advance by who puts without pause
_ROOM_BYTES = 1 << 20
_IDLE = 0.1  # after so long without a call room goes back
_MOST_AHEAD = 64  # items that a loop fetches in advance, where it works them off within _SHORT
_SHORT = 0.002
_LAST_WORD = 1.0  # how long a take whose time is up waits to hear that nothing is on its way
_FAREWELL = 5.0  # how long the end waits for the owner to have what was put

_clients = weakref.WeakSet()
_clients_lock = threading.Lock()


class _Lease:
    __slots__ = ("attempts", "data", "id", "number", "suspect", "taken")


class _Client:
    """One connection to an owner, and the thread that reads it. Its rules are QueueClient's
    (runtime/queue/queue_client.hpp). All of its state is guarded by `changed`."""

    def __init__(self, connection, welcome, text):
        self.changed = threading.Condition()
        self.text = text
        self.failure = None
        _version, _number, self.capacity, self.capacity_bytes, retry = welcome[:5]
        self.retry_delay = retry / 1e9
        self._socket = connection
        self._socket.setblocking(False)
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._inbox = bytearray()
        self._outbox = bytearray()
        self._leaving = None  # until when
        self.dropped = collections.deque()  # leases that nobody finished: numbers
        self._calls = self._calls_seen = 0
        self._idle_since = time.monotonic()
        # Putting.
        self.puts = self.accepted = 0
        self.last_put = 0.0
        self._room_items = self._room_bytes = 0
        self._wished = False
        self._refused_room = None
        self._unwritten = ""  # why its owner does not accept what it has
        self._ahead_put = 1
        # Taking.
        self._received = collections.deque()
        self._deliveries = self._ordered = self._ordered_since = 0
        self._untakes = self._untaken = self._takers = self._loops = 0
        self._ahead = 1
        self._since_wait = 0
        self._last_wait = 0.0
        self._ended = False
        self._end_failure = ""
        self._leases = {}  # number of a delivery -> thread that took it
        self._lost = set()
        self._acks = []  # to be sent: (number, [(client, number of its put)])
        self._acks_since = 0.0
        # Asking.
        self._questions = 0
        self._answers = {}
        self._thread = threading.Thread(target=self._serve, name=text, daemon=True)
        with _clients_lock:
            _clients.add(self)
        self._thread.start()

    # -- what its thread does --

    def _serve(self):
        poll = select.poll()
        poll.register(self._wake_read, select.POLLIN)
        try:
            while True:
                with self.changed:
                    self._check()
                    pause = self._look_after()
                    if self._leaving is not None and self._may_go():
                        break
                    poll.register(self._socket,
                                  select.POLLIN | (select.POLLOUT if self._outbox else 0))
                poll.poll(None if pause is None else pause * 1000 + 1)
                with contextlib.suppress(BlockingIOError):
                    self._wake_read.recv(4096)
                with self.changed:
                    self._send_owed()
                    self._receive()
                    self.changed.notify_all()
            self._bid_farewell()
        except (OSError, EOFError, QueueError) as error:
            with self.changed:
                self._fail(error)
        finally:
            with self.changed:
                self._fail(Disconnected("it was left"))
                for each in (self._socket, self._wake_read, self._wake_write):
                    each.close()

    def _bid_farewell(self):
        with self.changed:
            self._say(_BYE)
            self._fail(Disconnected("it was left"))
        self._socket.settimeout(_LAST_WORD)
        self._socket.sendall(self._outbox)
        # The owner closes once it has read all: what it still says must not reset the connection.
        self._socket.shutdown(socket.SHUT_WR)
        until = _deadline(_LAST_WORD)
        while _left(until) and self._socket.recv(1 << 16):
            pass

    def _may_go(self):
        if _left(self._leaving) == 0.0:
            return True
        return not self._acks and not self.dropped and self.accepted >= self.puts

    def _look_after(self):
        """Does what is due while nobody calls. Returns in how many seconds more is; None: nothing."""
        while self.dropped:
            number = self.dropped.popleft()
            if self._leases.pop(number, None) is not None and number not in self._lost:
                self._say(_GIVE_BACK, number, True, 0)
            self._lost.discard(number)
        pause = None
        if self._acks:
            due = self._acks_since + _ACK_PAUSE - time.monotonic()
            if due <= 0 or self._leaving is not None:
                self._send_acks()
                due = _ACK_PAUSE
            if self._acks:
                pause = max(due, 0.001)
        if self._leaving is not None:
            pause = min(pause or 0.05, 0.05)
        if self._room_items > 0:
            now = time.monotonic()
            if self._calls != self._calls_seen:
                self._calls_seen, self._idle_since = self._calls, now
            if now - self._idle_since >= _IDLE:
                self._return_room()
            else:
                left = self._idle_since + _IDLE - now
                pause = left if pause is None else min(pause, left)
        return pause

    def _wake(self):
        with contextlib.suppress(BlockingIOError, OSError):
            self._wake_write.send(b"!")

    def _receive(self):
        while True:
            try:
                piece = self._socket.recv(1 << 18)
            except BlockingIOError:
                break
            if not piece:
                raise EOFError("it has closed the connection")
            self._inbox += piece
            if len(piece) < 1 << 18:
                break
        at = 0
        while len(self._inbox) - at >= 4:
            size = struct.unpack_from(">i", self._inbox, at)[0]
            if not 0 <= size <= _MOST_MESSAGE:
                raise Malformed(f"it sent a frame of {size} bytes")
            if len(self._inbox) - at - 4 < size:
                break
            self._read(bytes(memoryview(self._inbox)[at + 4:at + 4 + size]))
            at += 4 + size
        del self._inbox[:at]

    def _read(self, frame):
        reader = _Reader(frame)
        kind = reader.natural()
        if kind == _ITEM:
            lease = _Lease()
            lease.id = reader.natural()
            reader.natural()
            lease.attempts = reader.natural()
            lease.suspect = bool(reader.value())
            lease.data = reader.rest()
            self._deliveries += 1
            lease.number = self._deliveries
            self._ordered -= self._ordered > 0
            self._received.append(lease)
            if not self._takers and not self._loops:
                self._give_up_unopened()  # it comes too late
        elif kind == _ACCEPTED:
            self.accepted = reader.natural()
        elif kind == _GRANT:
            self._room_items += reader.natural()
            self._room_bytes += reader.natural()
            self._wished = False
        elif kind == _FULL:
            self._refused_room = reader.natural()
            self._wished = False
        elif kind == _UNWRITTEN:
            self._unwritten = str(reader.value())
        elif kind == _RECALL:
            self._ahead = self._ahead_put = 1
            if self._ordered > self._takers and not self._ended:
                self._untake()
            self._give_up_unopened()
            self._return_room()
        elif kind == _UNTAKEN:
            self._ordered = min(self._ordered, self._ordered_since)
            self._untaken += 1
        elif kind == _END:
            self._ended = True
            self._end_failure = str(reader.value())
        elif kind == _LOST:
            self._hear_lost(reader.natural())
        elif kind == _ANSWER:
            number = reader.natural()
            if number in self._answers:
                self._answers[number] = reader.list_of(3)
        else:
            raise Malformed(f"it sent a frame of kind {kind}")

    def _hear_lost(self, number):
        if number in self._leases:
            self._lost.add(number)
        for lease in list(self._received):
            if lease.number == number:
                self._received.remove(lease)

    # -- sending --

    def _say(self, kind, *values, item=b""):
        self._check()
        body = bytearray()
        for value in (kind, *values):
            _pack(body, value, 0)
        frame = struct.pack(">i", len(body) + len(item)) + body + item
        if self._outbox:
            self._outbox += frame
            return
        try:
            sent = self._socket.send(frame, socket.MSG_NOSIGNAL)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._fail(error)
            raise self._failed() from error
        if sent < len(frame):
            self._outbox += frame[sent:]
            self._wake()

    def _send_owed(self):
        if self._outbox:
            with contextlib.suppress(BlockingIOError):
                del self._outbox[:self._socket.send(self._outbox, socket.MSG_NOSIGNAL)]

    def _fail(self, why):
        if self.failure is None:
            self.failure = why
        self.changed.notify_all()

    def _failed(self):
        if isinstance(self.failure, Disconnected):
            return Disconnected(f"{self.text}: {self.failure}")
        return Disconnected(f"{self.text}: its owner is gone ({self.failure})")

    def _check(self):
        if self.failure is not None:
            raise self._failed()

    def _wait(self, done, deadline):
        """False: the time is up first."""
        while not done():
            self._check()
            left = _left(deadline)
            if left == 0.0:
                return False
            self.changed.wait(left)
        return True

    # -- putting --

    def _return_room(self):
        if self._room_items > 0:
            items, size = self._room_items, self._room_bytes
            self._room_items = self._room_bytes = 0
            self._ahead_put = 1
            self._say(_UNWANTED, items, size)

    def _wish(self, size):
        self._wished = True
        self._refused_room = None
        least_items = 0 if self._room_items > 0 else 1
        least_bytes = max(0, size - self._room_bytes)
        ahead = self._ahead_put
        self._say(_WANT, [max(least_items, ahead),
                          max(least_bytes, _ROOM_BYTES if ahead > 1 else 0),
                          least_items, least_bytes])
        self._ahead_put = min(2 * ahead, _MOST_ROOM)

    def _get_room(self, size, deadline):
        def granted():
            return self._room_items > 0 and self._room_bytes >= size

        while not granted():
            if threading.get_ident() in self._leases.values():
                self._refuse_a_wait_for_itself(deadline)
            if not self._wished:
                self._wish(size)
            at_once = _left(deadline) == 0.0
            if at_once:  # the owner says whether there is room before it answers
                self._question(_STATS, _deadline(_LAST_WORD))
            if not self._wait(lambda: granted() or not self._wished, deadline):
                self._wished = False
                self._say(_WANT, [0, 0, 0, 0])
                raise Full(f"put into {self.text}: there was no room in time")
            if self._refused_room is not None and not granted():
                refused, self._refused_room = self._refused_room, None
                if refused == 2:
                    raise Closed(f"put into {self.text}: it is closed")
                raise Full(f"put into {self.text}: it is full")

    def _refuse_a_wait_for_itself(self, deadline):
        stats = self._question(_STATS, deadline)
        if stats.ready + stats.in_work >= self.capacity:
            raise Refused(f"put into {self.text}: it is full, and this thread has an item of it in "
                          "work, so that it would wait for itself: acknowledge that first")

    def put(self, item, options, deadline):
        with self.changed:
            self._calls += 1
            self._check()
            if len(item) > min(self.capacity_bytes, _MOST_MESSAGE - 64):
                raise ValueError(f"put into {self.text}: an item of {len(item)} bytes is more than "
                                 f"it holds (capacity_bytes {self.capacity_bytes})")
            while True:
                self._get_room(len(item), deadline)
                if len(self._outbox) < _MOST_OWED:
                    break
                if not self._wait(lambda: len(self._outbox) < _MOST_OWED, deadline):
                    raise Full(f"put into {self.text}: its owner did not read in time")
            self._room_items -= 1
            self._room_bytes -= len(item)
            self.puts += 1
            self.last_put = time.monotonic()
            if options is None:
                self._say(_PUT, item=item)
            else:
                self._say(_PUT_WITH, *options, item=item)

    def flush(self, deadline, number=None):
        with self.changed:
            wanted = self.puts if number is None else number
            if not self._wait(lambda: self.accepted >= wanted, deadline):
                why = f" ({self._unwritten})" if self._unwritten else ""
                raise TimedOut(f"{self.text}: its owner did not confirm in time what was put{why}")

    # -- taking --

    def _order(self, count):
        self._ordered += count
        self._ordered_since += count
        self._say(_TAKE, count)

    def _untake(self):
        self._untakes += 1
        self._ordered_since = 0
        self._say(_UNTAKE)

    def _adapt(self, had_to_wait):
        """A loop that works off quickly what it has gets more at a time, a slow one less."""
        if not had_to_wait:
            self._since_wait += 1
            return
        now = time.monotonic()
        if now - self._last_wait < _SHORT and self._since_wait + 1 >= self._ahead:
            self._ahead = min(2 * self._ahead, _MOST_AHEAD)
        elif now - self._last_wait > 4 * _SHORT:
            self._ahead = max(1, self._ahead // 2)
        self._last_wait = now
        self._since_wait = 0

    def take(self, deadline, loop):
        with self.changed:
            self._calls += 1
            self._takers += 1
            lease = None
            try:
                lease = self._take(deadline, loop)
                if lease.suspect:
                    self._open(lease)
            finally:
                self._takers -= 1
                if self.failure is None:
                    self._leave_off()
            lease.taken = time.monotonic()
            self._leases[lease.number] = threading.get_ident()
            return lease

    def _take(self, deadline, loop):
        had_to_wait = last_try = False
        while True:
            self._check()
            if self._received:
                lease = self._received.popleft()
                if loop:
                    self._adapt(had_to_wait)
                    coming = self._ordered + len(self._received)
                    if coming < self._ahead // 2 and not self._ended:
                        self._order(self._ahead - coming)
                return lease
            if self._ended and self._end_failure:
                raise Failed(f"take from {self.text}: {self._end_failure}")
            if self._ended:
                raise Closed(f"take from {self.text}: it is closed, and all is done")
            if last_try:
                raise Empty(f"take from {self.text}: nothing came in time")
            had_to_wait = True
            self._send_acks()
            wanted = max(self._ahead, self._takers) if loop else self._takers
            if self._ordered < wanted:
                self._order(wanted - self._ordered)
            if self._wait(lambda: self._received or self._ended or self._ordered < self._takers,
                          deadline):
                continue
            # What is on its way now is still taken.
            self._untake()
            mine = self._untakes
            self._wait(lambda: self._untaken >= mine or self._received, _deadline(_LAST_WORD))
            last_try = True

    def _open(self, lease):
        """So that the owner knows, should this process die, that it was of this item."""
        self._send_acks()
        self._say(_OPEN, lease.number)
        self._wait(lambda: not self._outbox, _deadline(_LAST_WORD))

    def _leave_off(self):
        """Nobody waits for items any more, perhaps."""
        if self._takers or self._loops:
            return
        if self._ordered > 0 and not self._ended:
            self._untake()
        self._give_up_unopened()

    def _give_up_unopened(self):
        while self._received:
            self._say(_GIVE_BACK, self._received.pop().number, False, 0)

    def begin_loop(self):
        with self.changed:
            self._loops += 1

    def end_loop(self):
        with self.changed:
            self._loops -= 1
            if self.failure is None:
                self._send_acks()
                self._leave_off()

    # -- what was taken --

    def _end_lease(self, lease, doing):
        self._calls += 1
        self._check()
        if lease.number in self._lost:
            self._lost.discard(lease.number)
            self._leases.pop(lease.number, None)
            raise Lost(f"{doing} {self.text}: it was kept for longer than max_hold, and given to "
                       "another consumer")
        self._leases.pop(lease.number, None)

    def finish(self, lease):
        doing = "acknowledge an item of"
        marks = []
        with _clients_lock:
            others = list(_clients)
        for other in others:
            if other is not self and other.accepted < other.puts:
                if other.failure is None:
                    marks.append((other, other.puts))
                elif other.last_put >= lease.taken:
                    self.give_back(lease, self.retry_delay)
                    raise Lost(f"{doing} {self.text}: what was put before is lost, the owner of "
                               f"{other.text} is gone; it was given back")
        with self.changed:
            self._end_lease(lease, doing)
            if not self._acks:
                self._acks_since = time.monotonic()
            self._acks.append((lease.number, marks))
            if len(self._acks) >= _MOST_ACKS or (not self._received and self._ordered == 0):
                self._send_acks()
            if len(self._acks) == 1:
                self._wake()
            too_many = len(self._acks) >= 4 * _MOST_ACKS
        if too_many:
            self.settle(None)

    def _send_acks(self):
        """Those that may be; what is under the others is on its way to its owner, or lost."""
        run, waiting = [], []
        for number, marks in self._acks:
            if any(mark.failure is not None and mark.accepted < put for mark, put in marks):
                self._say(_GIVE_BACK, number, True, int(self.retry_delay * 1e9))
            elif any(mark.accepted < put for mark, put in marks):
                waiting.append((number, marks))
            else:
                run.append(number)
        self._acks = waiting
        if waiting:
            self._acks_since = time.monotonic()
        run.sort()
        first = 0
        for at in range(1, len(run) + 1):
            if at == len(run) or run[at] != run[at - 1] + 1:
                self._say(_ACK, run[first], at - first)
                first = at

    def settle(self, deadline):
        """Waits until all acknowledgements have left, and what they must not overtake arrived."""
        while True:
            with self.changed:
                if self.failure is not None or not self._acks:
                    return
                self._send_acks()
                waiting = [mark for _number, marks in self._acks for mark in marks]
            for other, put in waiting:
                with contextlib.suppress(Disconnected):
                    other.flush(deadline, put)

    def give_back(self, lease, delay, opened=True):
        with self.changed:
            self._end_lease(lease, "give back an item of")
            self._say(_GIVE_BACK, lease.number, opened, int(delay * 1e9))

    def reject(self, lease, why):
        with self.changed:
            self._end_lease(lease, "reject an item of")
            self._say(_REJECT, lease.number, why)

    def extend(self, lease, seconds):
        with self.changed:
            self._check()
            if lease.number in self._lost:
                self._end_lease(lease, "extend the lease of an item of")
            self._say(_EXTEND, lease.number, int(seconds * 1e9))

    # -- asking --

    def _question(self, what, deadline, text=""):
        self._questions += 1
        number = self._questions
        self._answers[number] = None
        try:
            self._say(_ASK, number, what, text)
            if not self._wait(lambda: self._answers[number] is not None, deadline):
                raise TimedOut(f"{self.text}: its owner did not answer in time")
            code, why, stats = self._answers[number][:3]
        finally:
            del self._answers[number]
        if code != 0:
            raise _CODES.get(code, QueueError)(f"{self.text}: {why}")
        if not isinstance(stats, list) or len(stats) < len(dataclasses.fields(Stats)):
            raise Malformed(f"{self.text}: an answer that is none")
        return Stats(*stats[:len(dataclasses.fields(Stats))])

    def ask(self, what, deadline, text=""):
        self.settle(deadline)
        if what == _CLOSE:
            self.flush(deadline)
        with self.changed:
            self._calls += 1
            if what == _CLOSE:
                self._return_room()
            return self._question(what, deadline, text)

    # -- the end --

    def request_leave(self):
        """Never waits: it may be the garbage collector that calls, in any thread."""
        if self._leaving is None:
            self._leaving = _deadline(_FAREWELL)
        self._wake()

    def join(self, timeout):
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def forget(self):
        """In the child of a fork: the connection is the parent's, which alone may end it."""
        self.changed = threading.Condition()
        self.failure = Disconnected("it was opened before a fork; open it again in the child")
        for each in (self._socket, self._wake_read, self._wake_write):
            each.close()


def _leave_all():
    """At the end of the program: what was put is with its owner then."""
    with _clients_lock:
        leaving = [client for client in _clients if client.failure is None]
    for client in leaving:
        client.request_leave()
    for client in leaving:
        client.join(_FAREWELL + 2 * _LAST_WORD)


def _after_fork():
    for client in list(_clients):
        client.forget()
    _clients.clear()
    _clients_lock.release()


atexit.register(_leave_all)
os.register_at_fork(before=_clients_lock.acquire, after_in_parent=_clients_lock.release,
                    after_in_child=_after_fork)


# ---- what is used ------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Stats:
    """What the owner knows, in order with the puts and takes of who asks."""

    ready: int  # items that a consumer could have now, and those that are delayed
    in_work: int  # with consumers
    dead: int  # dead letters
    bytes: int  # of ready and in_work
    closed: bool
    accepted: int  # these are counts since the beginning
    finished: int
    redelivered: int
    dropped: int


class Delivery:
    """An item on lease. Only ack() finishes it; dropped without, it is given back.

    item        the value
    id          of the item in its queue: the same each time that it is delivered
    deliveries  the how many-th delivery this is; above 1, its work may have been done before

    `with queue.take() as delivery:` acknowledges at the end, and gives back when that is an
    exception."""

    def __init__(self, queue, lease, item):
        self.item = item
        self.id = lease.id
        self.deliveries = lease.attempts + 1
        self._queue = queue  # keeps the connection
        self._lease = lease

    @property
    def open(self):
        """Whether it is still to be finished."""
        return self._lease is not None

    def ack(self):
        """Finishes the item. Lost, Disconnected: somebody else gets it; Closed: it is over."""
        self._queue._client.finish(self._end("acknowledge it"))

    def give_back(self, delay=0):
        """Somebody gets it after `delay` seconds. It counts as a delivery."""
        self._queue._client.give_back(self._end("give it back"), delay)

    def reject(self, why):
        """Nobody can finish it: a dead letter at once, with that reason."""
        self._queue._client.reject(self._end("reject it"), str(why))

    def extend(self, seconds):
        """It may be kept for so long from now on, whatever max_hold says."""
        if self._lease is None:
            raise Closed("extend it: this delivery is finished or given back")
        self._queue._client.extend(self._lease, seconds)

    def _end(self, doing):
        lease, self._lease = self._lease, None
        if lease is None:
            raise Closed(f"{doing}: this delivery is finished or given back")
        return lease

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if self._lease is None:
            return
        if kind is None:
            self.ack()
        else:
            with contextlib.suppress(QueueError):
                self.give_back()

    def __del__(self):
        # In whichever thread collects it, which may be in the midst of something: only a note.
        lease = getattr(self, "_lease", None)
        if lease is not None:
            client = self._queue._client
            client.dropped.append(lease.number)
            client._wake()

    def __repr__(self):
        state = "open" if self.open else "over"
        return f"<Delivery {self.id} ({self.deliveries}., {state}): {self.item!r:.60}>"


class Queue:
    """A way to a queue. Made by open(); `with` leaves it at the end."""

    def __init__(self, url, key, client):
        self.url = url
        self._key = key
        self._client = client
        weakref.finalize(self, client.request_leave).atexit = False  # _leave_all waits, too

    @classmethod
    def open(cls, url, key=None, timeout=10):
        """Joins the queue at `url`, tcp://host:port/name or unix:/path, and waits until it is there.

        key: bytes or str, the one that its owner has; None where it has none.
        NotFound: nobody made it in time; Refused: the key; TimedOut: what is there does not answer."""
        return cls._open(url, key, False, timeout)

    @classmethod
    def _open(cls, url, key, dead, timeout):
        if isinstance(key, str):
            key = key.encode()
        text = ("dead letters of queue " if dead else "queue ") + url
        connection, welcome = _connect(url, dead, key, timeout)
        client = _Client(connection, welcome, text)
        # Children of multiprocessing end without atexit, before Python 3.13.
        if "multiprocessing.util" in sys.modules:
            sys.modules["multiprocessing.util"].Finalize(None, _leave_all, exitpriority=10)
        return cls(url, key, client)

    # -- putting --

    def put(self, item, timeout=None, *, delay=0, priority=0):
        """Waits for room; the item is on its way then, and may still be lost with this process.

        delay: so many seconds nobody is given it; priority: higher ones go first.
        Full, Closed, Disconnected; Refused: this thread would wait for itself; TypeError,
        ValueError: it cannot be sent."""
        options = None if delay == 0 and priority == 0 else (priority, int(delay * 1e9))
        self._client.put(pack(item), options, _deadline(timeout))

    def put_confirmed(self, item, timeout=None):
        """The same, and the owner has it. TimedOut, Disconnected: it may have it."""
        deadline = _deadline(timeout)
        self._client.put(pack(item), None, deadline)
        self._client.flush(deadline)

    def flush(self, timeout=None):
        """Waits until the owner has all that was put here before. TimedOut, Disconnected."""
        self._client.flush(_deadline(timeout))

    # -- taking --

    def take(self, timeout=None):
        """The next item, a Delivery. Empty: none came in time; Closed: the queue is, and all that
        was put is finished; Failed: see fail(); Disconnected."""
        return self._next(_deadline(timeout), False)

    def get(self, timeout=None):
        """Takes an item and finishes it: lost, should this process end before it is done with it."""
        delivery = self.take(timeout)
        delivery.ack()
        return delivery.item

    def __iter__(self):
        """Each item, a Delivery: the step to the next acknowledges, leaving gives back. Ends when
        the queue is closed and all that was put is finished; other ends are errors."""
        self._client.begin_loop()
        try:
            while True:
                try:
                    delivery = self._next(None, True)
                except Closed:
                    return
                stepped = False
                try:
                    yield delivery
                    stepped = True
                finally:
                    if not stepped and delivery.open:
                        with contextlib.suppress(QueueError):
                            delivery.give_back()
                if delivery.open:
                    delivery.ack()
                del delivery
        finally:
            with contextlib.suppress(QueueError):
                self._client.end_loop()

    def _next(self, deadline, loop):
        while True:
            lease = self._client.take(deadline, loop)
            try:
                return Delivery(self, lease, unpack(lease.data))
            except Malformed as error:
                # Nobody can read it: a dead letter, and the next one.
                self._client.reject(lease, f"Python cannot read it: {error}")

    # -- the queue --

    def stats(self, timeout=5):
        """A Stats. TimedOut, Disconnected."""
        return self._client.ask(_STATS, _deadline(timeout))

    def close(self, timeout=None):
        """Nothing more is put, by anybody; what is there is still taken. Waits for the owner."""
        self._client.ask(_CLOSE, _deadline(timeout))

    def fail(self, why, timeout=None):
        """Closes it, and what was put is not all there is: who takes gets the rest, then Failed."""
        self._client.ask(_CLOSE, _deadline(timeout), str(why))

    def join(self, timeout=None):
        """Waits until all that was put, by anybody, is finished. TimedOut, Disconnected."""
        self._client.ask(_JOIN, _deadline(timeout))

    def dead_letters(self, timeout=10):
        """A Queue of what nobody could finish: [item, deliveries, reason]."""
        return self._open(self.url, self._key, True, timeout)

    def leave(self, timeout=5):
        """Ends this connection, for this process alone: the owner has what was put then, and gets
        back what was taken and not finished. TimedOut, Disconnected: what was put may be lost."""
        deadline = _deadline(timeout)
        try:
            if self._client.accepted < self._client.puts:
                self._client.flush(deadline)
            self._client.settle(deadline)
        finally:
            self._client.request_leave()
            self._client.join(_FAREWELL + 2 * _LAST_WORD)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            self.leave()
        except QueueError:
            if kind is None:
                raise

    def __repr__(self):
        return f"<{self._client.text}>"

    def __reduce__(self):
        raise TypeError(f"{self._client.text}: a queue is not sent; send its url, and open it there")
