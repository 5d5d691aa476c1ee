# SPDX-License-Identifier: Apache-2.0
"""A program that is no troupe: puts into a queue, takes from another, asks an actor; pyzmq and msgpack, no more.

zmq_python.py JOBS DONE NODE: three addresses of zmq+tcp. The bytes: docs/wire-protocol.md, "Over ZeroMQ" and "Queues".
"""

import struct
import sys

import msgpack
import zmq


class Session:
    def __init__(self, address):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.connect("tcp://" + address.split("/")[2])
        self.socket.send(b"H\x01" + struct.pack(">I", 1 << 20))
        assert self.socket.recv()[:1] == b"W"
        self.sent, self.received, self.bytes = 0, 0, b""

    def say(self, *values):
        body = b"".join(msgpack.packb(value) for value in values)
        self.socket.send(b"D" + struct.pack(">Qi", self.sent, len(body)) + body)
        self.sent += 4 + len(body)

    def hear(self, kind):
        """The next frame of that kind, without it; those of others are passed over."""
        while True:
            while len(self.bytes) < 4 or len(self.bytes) < 4 + (size := struct.unpack(">i", self.bytes[:4])[0]):
                message = self.socket.recv()
                if message[:1] == b"D":
                    self.bytes += message[9:]
                    self.received += len(message) - 9
                    self.socket.send(b"A" + struct.pack(">Q", self.received))
            frame = msgpack.Unpacker(unicode_errors="surrogateescape")
            frame.feed(self.bytes[4:4 + size])
            self.bytes = self.bytes[4 + size:]
            if (values := list(frame))[0] == kind:
                return values[1:]

    def leave(self):
        self.socket.send(b"B" + struct.pack(">Q", self.sent))
        self.socket.close(linger=1000)


def open_queue(address):
    queue = Session(address)
    queue.say(1, ["troupe-queue", 1, address.rsplit("/", 1)[1], False, 0, ["", False, []]])
    queue.hear(2)
    return queue


jobs, done, node = open_queue(sys.argv[1]), open_queue(sys.argv[2]), Session(sys.argv[3])
jobs.say(11, [3, 1000, 3, 1000])  # room for three
jobs.hear(33)
for word in ("to", "be", "or"):
    jobs.say(8, word)
done.say(13, 3)  # three deliveries
for number in (1, 2, 3):
    print("python takes:", done.hear(35)[4], flush=True)
    done.say(15, number, 1)  # acknowledged

node.say(1, ["troupe-node", 1, [0x0102030405060708, 1, "python", "", 7], 0, 2 * 10**9, 256, 4 << 20, "", "", ""])
node.hear(2)
node.say(2, [True, False, ""])
node.say(3, 1, [["bank::Deposit", False, [0xFAB923F79716859F]], ["int", False, [0xF5A738C57A911FF3]]])
node.say(17, [1, 1 << 32, 1, 1, 0], 1, 10**10, 0, [7])  # asks the node's first actor: bank::Deposit{7}
print("python asks the vault:", node.hear(18)[1], flush=True)
for session in (jobs, done, node):
    session.leave()
