#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Python's end of python_test.cpp, with its standard library alone: sends each message back until the end.

python_echo.py client ADDRESS KEY      connects; KEY is - for none; ADDRESS is a path, or HOST:PORT
python_echo.py listener ADDRESS KEY    listens there, prints the address on a line, accepts one
python_echo.py pipe IN OUT             talks over two inherited pipe ends
python_echo.py tls-client ADDRESS KEY CA              the same over TLS, with the module ssl and the framing
python_echo.py tls-listener ADDRESS KEY CHAIN SECRET  written out
"""

import socket
import ssl
import struct
import sys
from multiprocessing import AuthenticationError
from multiprocessing.connection import (
    Client, Connection, Listener, answer_challenge, deliver_challenge)


def address_of(text):
    host, colon, port = text.rpartition(":")
    return (host, int(port)) if colon else text


def echo(receiver, sender):
    while True:
        try:
            message = receiver.recv_bytes()
        except EOFError:
            return
        sender.send_bytes(message)


class Framed:
    """What multiprocessing's Connection is, over a socket that is no descriptor."""

    def __init__(self, stream):
        self.stream = stream

    def send_bytes(self, message):
        self.stream.sendall(struct.pack("!i", len(message)) + message)

    def recv_bytes(self, limit=None):
        return self.read(struct.unpack("!i", self.read(4))[0])

    def read(self, size):
        parts = []
        while size > 0:
            part = self.stream.recv(size)
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def talk_tls(stream, key, listens):
    connection = Framed(stream)
    if key is not None:
        steps = [deliver_challenge, answer_challenge] if listens else [answer_challenge, deliver_challenge]
        for step in steps:
            step(connection, key)
    echo(connection, connection)
    stream.unwrap()  # close() alone says nothing


def main_tls(mode, address, key, files):
    key = None if key == "-" else key.encode()
    try:
        if mode == "tls-client":
            context = ssl.create_default_context(cafile=files[0])
            with socket.create_connection(address) as plain:
                with context.wrap_socket(plain, server_hostname=address[0]) as stream:
                    talk_tls(stream, key, False)
        else:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*files)
            with socket.create_server(address) as listener:
                print(f"{address[0]}:{listener.getsockname()[1]}", flush=True)
                with context.wrap_socket(listener.accept()[0], server_side=True) as stream:
                    talk_tls(stream, key, True)
    except AuthenticationError:
        return 3
    return 0


def main():
    mode, first, second, *files = sys.argv[1:]
    if mode.startswith("tls-"):
        return main_tls(mode, address_of(first), second, files)
    if mode == "pipe":
        echo(Connection(int(first), writable=False), Connection(int(second), readable=False))
        return 0
    key = None if second == "-" else second.encode()
    try:
        if mode == "client":
            with Client(address_of(first), authkey=key) as connection:
                echo(connection, connection)
        else:
            with Listener(address_of(first), authkey=key) as listener:
                where = listener.address
                print(where if isinstance(where, str) else f"{where[0]}:{where[1]}", flush=True)
                with listener.accept() as connection:
                    echo(connection, connection)
    except AuthenticationError:
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
