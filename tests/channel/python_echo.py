#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Python's end of python_test.cpp, with its standard library alone: sends each message back until the end.

python_echo.py client ADDRESS KEY      connects; KEY is - for none; ADDRESS is a path, or HOST:PORT
python_echo.py listener ADDRESS KEY    listens there, prints the address on a line, accepts one
python_echo.py pipe IN OUT             talks over two inherited pipe ends
"""

import sys
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener


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


def main():
    mode, first, second = sys.argv[1:]
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
