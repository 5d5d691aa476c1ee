# SPDX-License-Identifier: Apache-2.0
"""Python's multiprocessing on the works of the benchmark, as its users write it.

Each command prints one number, the seconds a step takes:

  round_trip SCHEME SECONDS CPU CPU               send_bytes and recv_bytes of 64 bytes, there and back
  stream SCHEME SECONDS CPU CPU SIZE FORM COUNT   COUNT messages received; FORM bytes, or typed: pickled
  process_start METHOD SECONDS BYTES              Process start and join, while BYTES of memory are held

Pipe for pipe, fifo and unix (two one-way ones, and a duplex one for unix), Listener and Client for tcp.
"""
import multiprocessing
import os
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Client, Listener

ctx = multiprocessing.get_context("fork")


@dataclass
class Message:
    number: int
    payload: object


def timed(seconds, step):
    """The seconds that step() takes, after a quarter of them uncounted."""
    def until(end):
        steps = 0
        while True:
            step()
            steps += 1
            now = time.perf_counter()
            if now >= end:
                return steps, now
    _, begin = until(time.perf_counter() + seconds / 4)
    steps, end = until(begin + seconds)
    return (end - begin) / steps


def connected(scheme, cpu, other_cpu, body):
    """The reading and the writing connection to a process that runs body with its own two."""
    def other(connect):
        os.sched_setaffinity(0, {other_cpu})
        try:
            body(*connect())
        except (EOFError, OSError):
            pass

    def start(connect):
        ctx.Process(target=other, args=(connect,), daemon=True).start()
        os.sched_setaffinity(0, {cpu})

    if scheme == "tcp":
        with Listener(("127.0.0.1", 0)) as listener:
            start(lambda: (Client(listener.address),) * 2)
            connection = listener.accept()
        return connection, connection
    if scheme == "unix":
        ours, theirs = ctx.Pipe()
        start(lambda: (theirs, theirs))
        return ours, ours
    their_reader, our_writer = ctx.Pipe(duplex=False)
    our_reader, their_writer = ctx.Pipe(duplex=False)
    start(lambda: (their_reader, their_writer))
    return our_reader, our_writer


def round_trip(scheme, seconds, cpu, other_cpu):
    def echo(reader, writer):
        while True:
            writer.send_bytes(reader.recv_bytes())

    reader, writer = connected(scheme, int(cpu), int(other_cpu), echo)
    message = bytes(64)

    def step():
        writer.send_bytes(message)
        reader.recv_bytes()
    return timed(float(seconds), step)


def stream(scheme, seconds, cpu, other_cpu, size, form, count):
    size, count = int(size), int(count)
    typed = form == "typed"

    def send_all(_, writer):
        content = "x" * 52 if size == 64 else bytes(size - 16)
        message = bytes(size)
        number = 1 << 40
        while True:
            if typed:
                writer.send(Message(number, content))
            else:
                writer.send_bytes(message)
            number += 1

    reader, _ = connected(scheme, int(cpu), int(other_cpu), send_all)

    def step():
        for _ in range(count):
            if typed:
                reader.recv()
            else:
                reader.recv_bytes()
    return timed(float(seconds), step)


def nothing():
    pass


def process_start(method, seconds, image_bytes):
    resident = int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    held = bytearray(max(0, int(image_bytes) - resident))
    held[::4096] = b"x" * len(held[::4096])
    context = multiprocessing.get_context(method)

    def step():
        process = context.Process(target=nothing)
        process.start()
        process.join()
        assert process.exitcode == 0
    return timed(float(seconds), step)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    print({"round_trip": round_trip, "stream": stream, "process_start": process_start}[command](*arguments))
