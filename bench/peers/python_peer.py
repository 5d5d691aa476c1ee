# SPDX-License-Identifier: Apache-2.0
"""Python's multiprocessing on the works of the benchmark, as its users write it.

Each command prints one number, the seconds a step takes:

  round_trip SCHEME SECONDS CPU CPU               send_bytes and recv_bytes of 64 bytes, there and back
  stream SCHEME SECONDS CPU CPU SIZE FORM COUNT   COUNT messages received; FORM bytes, or typed: pickled
  shared_memory SECONDS CPU CPU SIZE USE          a message in a SharedMemory block, told of by a Pipe; USE is
                                                  copied: in and out of the block; or viewed: of what is in it
                                                  the first and the last 8 bytes are written and checked
  process_start METHOD SECONDS BYTES              Process start and join, while BYTES of memory are held
  program_run SECONDS BYTES                       subprocess.run of /bin/true, while BYTES of memory are held
  queue SECONDS PRODUCERS CONSUMERS SIZE          an item through a Queue, got by one of its consumers

Pipe for pipe, fifo and unix (two one-way ones, and a duplex one for unix), Listener and Client for tcp.
"""
import multiprocessing
import multiprocessing.sharedctypes
import os
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Client, Listener
from multiprocessing.shared_memory import SharedMemory

ctx = multiprocessing.get_context("fork")


@dataclass
class Message:
    number: int
    payload: object


def timed(seconds, step):
    """The seconds that step() takes, after a quarter of them, and at least four steps, uncounted."""
    def until(end, least):
        steps = 0
        while True:
            step()
            steps += 1
            now = time.perf_counter()
            if now >= end and steps >= least:
                return steps, now
    _, begin = until(time.perf_counter() + seconds / 4, 4)
    steps, end = until(begin + seconds, 1)
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


def shared_memory(seconds, cpu, other_cpu, size, use):
    size = int(size)
    word = struct.Struct("=Q")
    last = size - word.size
    blocks = [SharedMemory(create=True, size=size) for _ in range(4)]
    for block in blocks:
        block.unlink()  # both processes have it mapped: nothing is left behind, whoever dies

    def send_all(reader, writer):
        message = bytearray(b"x" * size)
        number = 1 << 40
        while True:
            block = blocks[number % len(blocks)]
            if number - (1 << 40) >= len(blocks):
                reader.recv_bytes()  # the oldest one is free again
            if use == "copied":
                word.pack_into(message, 0, number)
                block.buf[:size] = message
            else:
                word.pack_into(block.buf, 0, number)
                word.pack_into(block.buf, last, number)
            writer.send_bytes(word.pack(number))
            number += 1

    reader, writer = connected("shm", int(cpu), int(other_cpu), send_all)
    place = bytearray(size)
    expected = 1 << 40

    def step():
        nonlocal expected
        number, = word.unpack(reader.recv_bytes())
        block = blocks[number % len(blocks)]
        if use == "copied":
            place[:] = block.buf[:size]
            found = word.unpack_from(place, 0) * 2
        else:
            found = word.unpack_from(block.buf, 0) + word.unpack_from(block.buf, last)
        assert (number, *found) == (expected,) * 3, "a message is lost"
        writer.send_bytes(b"free")
        expected += 1
    return timed(float(seconds), step)


def nothing():
    pass


def hold(image_bytes):
    resident = int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    held = bytearray(max(0, int(image_bytes) - resident))
    held[::4096] = b"x" * len(held[::4096])
    return held


def queue(seconds, producers, consumers, size):
    seconds, producers, consumers, size = float(seconds), int(producers), int(consumers), int(size)
    items = ctx.Queue(4096)
    counts = multiprocessing.sharedctypes.RawArray("Q", consumers)

    def produce():
        number = 1 << 40
        content = "x" * (size - 12)
        while True:
            items.put(Message(number, content))
            number += 1

    def consume(place):
        while True:
            items.get()
            counts[place] += 1

    for place in range(consumers):
        ctx.Process(target=consume, args=(place,), daemon=True).start()
    for _ in range(producers):
        ctx.Process(target=produce, daemon=True).start()
    while sum(counts) == 0:
        time.sleep(0.001)
    time.sleep(seconds / 4)
    begin, before = time.perf_counter(), sum(counts)
    time.sleep(seconds)
    end, after = time.perf_counter(), sum(counts)
    return (end - begin) / (after - before)


def queue_latency(seconds, quantile):
    items = ctx.Queue()
    reader, writer = ctx.Pipe(duplex=False)

    def produce():
        content = "x" * 52
        while True:
            reader.recv_bytes()
            items.put(Message(time.monotonic_ns(), content))

    ctx.Process(target=produce, daemon=True).start()
    times = []
    end = None
    while end is None or len(times) < 1000 or time.monotonic() < end:
        if end is None and len(times) == 100:
            times.clear()  # these are uncounted
            end = time.monotonic() + float(seconds)
        writer.send_bytes(b"go")
        put = items.get().number
        times.append(time.monotonic_ns() - put)
    times.sort()
    place = len(times) // 2 if quantile == "median" else len(times) * 99 // 100
    return times[place] / 1e9


def process_start(method, seconds, image_bytes):
    held = hold(image_bytes)
    context = multiprocessing.get_context(method)

    def step():
        process = context.Process(target=nothing)
        process.start()
        process.join()
        assert process.exitcode == 0
    return timed(float(seconds), step)


def program_run(seconds, image_bytes):
    held = hold(image_bytes)

    def step():
        assert subprocess.run(["/bin/true"], stdin=subprocess.DEVNULL).returncode == 0
    return timed(float(seconds), step)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    works = {"round_trip": round_trip, "stream": stream, "shared_memory": shared_memory,
             "process_start": process_start, "program_run": program_run, "queue": queue,
             "queue_latency": queue_latency}
    print(works[command](*arguments))
