# SPDX-License-Identifier: Apache-2.0
"""What a Python process does with queues in python_queue_test.cpp: python_peer.py ROLE ARGUMENT...

Each role is a function; what it prints goes to the test, a line at a time. It fails by an exception.
"""

import dataclasses
import os
import signal
import sys
import threading
import time

import troupe
from troupe import Queue


def say(*what):
    print(*what, flush=True)


def wait_for_word():
    sys.stdin.readline()


def key_of(text):
    return text if text else None


def expect(error, call, *arguments, **options):
    """What `call` raises, which is to be an `error`."""
    try:
        got = call(*arguments, **options)
    except error as raised:
        return str(raised)
    raise AssertionError(f"no {error.__name__}, but {got!r}")


@dataclasses.dataclass
class Row:
    number: int
    text: str


def produce(url, key, count):
    """Rows as lists, as dicts by name, and as dataclasses."""
    with Queue.open(url, key_of(key)) as rows:
        for number in range(int(count)):
            text = "x" * (number % 50)
            rows.put([[number, text], {"text": text, "number": number}, Row(number, text)][number % 3])


def produce_and_forget(url, count):
    """Nothing is left or flushed: the end of the program does it."""
    rows = Queue.open(url)
    for number in range(int(count)):
        rows.put([number, ""])


def consume(url, key, results):
    done = Queue.open(results)
    with Queue.open(url, key_of(key)) as rows:
        for delivery in rows:
            number, text = delivery.item
            done.put([number, text + "!"])
    say("ended")


def take_and_stand(url):
    with Queue.open(url) as rows:
        delivery = rows.take()
        say(delivery.item[0])
        wait_for_word()
        raise AssertionError("it was to be killed")


def loop_and_stand(url, at):
    """Works until it has item `at`, and stands still with what it has fetched in advance."""
    for delivery in Queue.open(url):
        if delivery.item[0] == int(at):
            say(delivery.item[0])
            wait_for_word()


def die_of(url, results, number):
    done = Queue.open(results)
    for delivery in Queue.open(url):
        if delivery.item[0] == int(number):
            os.kill(os.getpid(), 9)
        done.put(delivery.item)


def refused(url, key):
    say(expect(troupe.Refused, Queue.open, url, key_of(key)))


def not_found(url):
    say(expect(troupe.NotFound, Queue.open, url, timeout=0.05))


def values(url):
    examples = [None, True, False, 0, -1, 127, -32, 255, 2**63 - 1, 2**64 - 1, -2**63, 1.5, "", "gr\u00fc\u00df",
                "\udcff", b"", b"bytes" * 100, [], [1, [2, [3]]], {"a": {"b": [None]}}, {(1, 2): 3},
                "t" * 100_000, list(range(70_000))]
    with Queue.open(url) as queue:
        for example in examples:
            queue.put(example)
            got = queue.get(10)
            assert got == example and type(got) is type(example), (example, got)
        for wrong in (object(), {1, 2}, 2**64, [lambda: 0]):
            expect((TypeError, ValueError), queue.put, wrong)
        assert queue.stats().finished == len(examples)
    say("all")


def bounds(url):
    """A queue of two items."""
    with Queue.open(url) as queue:
        expect(troupe.Empty, queue.take, 0)
        expect(troupe.Empty, queue.take, 0.05)
        queue.put([1, ""], 0)
        queue.put_confirmed([2, ""])
        expect(troupe.Full, queue.put, [3, ""], 0)
        expect(troupe.Full, queue.put, [3, ""], 0.05)
        with queue.take() as held:
            text = expect(troupe.Refused, queue.put, [3, ""], 10)
            assert "wait for itself" in text, text
            assert held.item == [1, ""]
        queue.put([3, ""], 10)
        assert (queue.get(10), queue.get(10)) == ([2, ""], [3, ""])
        expect(ValueError, queue.put, "x" * 10_000)
        queue.put([4, ""], delay=0.02)
        queue.put([5, ""])
        assert (queue.get(10), queue.get(10)) == ([5, ""], [4, ""])
        queue.put([6, ""])
        queue.put([7, ""], priority=1)
        assert (queue.get(10), queue.get(10)) == ([7, ""], [6, ""])
    expect(troupe.Disconnected, queue.put, [1, ""])
    say("all")


def leases(url):
    """A queue whose items are delivered three times at most."""
    queue = Queue.open(url)
    queue.put([1, ""])
    try:
        with queue.take(10) as delivery:
            raise KeyError
    except KeyError:
        pass
    expect(troupe.Closed, delivery.ack)
    for delivery in queue:  # left by a break
        assert (delivery.item, delivery.deliveries, delivery.id) == ([1, ""], 2, 1)
        break
    delivery = queue.take(10)
    assert delivery.deliveries == 3
    del delivery  # the third one fails, too
    dead = queue.dead_letters()
    with dead.take(10) as letter:
        item, deliveries, reason = letter.item
        assert (item, deliveries) == ([1, ""], 3) and "given back" in reason, letter.item
    queue.put([2, ""])
    queue.take(10).reject("of no use")
    assert dead.get(10) == [[2, ""], 1, "of no use"]
    queue.put([3, ""])
    queue.take(10).give_back(0.02)
    assert queue.get(10) == [3, ""]
    assert queue.stats().ready == queue.stats().in_work == 0
    queue.leave()
    say("all")


def lose(url):
    """A queue that lets an item be kept for a short while only."""
    with Queue.open(url) as queue:
        kept = queue.take(10)
        again = queue.take(10)  # the same, once its time is up
        assert again.id == kept.id and again.deliveries == 2
        text = expect(troupe.Lost, kept.ack)
        assert "max_hold" in text
        again.extend(60)
        again.ack()
    say("all")


def close(url):
    """Threads that wait learn of the end; nothing more is put."""
    with Queue.open(url) as queue:
        queue.put([1, ""])
        seen = []

        def loop():
            seen.extend(delivery.item for delivery in queue)

        threads = [threading.Thread(target=loop) for _ in range(3)]
        for thread in threads:
            thread.start()
        queue.join()
        queue.close()
        for thread in threads:
            thread.join()
        assert seen == [[1, ""]], seen
        expect(troupe.Closed, queue.take)
        expect(troupe.Closed, queue.put, [2, ""])
        assert queue.stats().closed
    say("all")


def fail(url):
    with Queue.open(url) as queue:
        queue.put([1, ""])
        queue.fail("the input is damaged")
        assert queue.get(10) == [1, ""]
        text = expect(troupe.Failed, queue.take)
        assert "the input is damaged" in text, text
        expect(troupe.Failed, list, queue)
    say("all")


def fork(url):
    queue = Queue.open(url)
    queue.put_confirmed([1, ""])
    child = os.fork()
    if child == 0:
        status = 1
        try:
            assert "fork" in expect(troupe.Disconnected, queue.get)
            with Queue.open(url) as own:
                assert own.get(10) == [1, ""]
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    queue.put_confirmed([2, ""])
    assert queue.get(10) == [2, ""]
    say("all")


def outlive(url):
    """Its owner is killed meanwhile."""
    queue = Queue.open(url)
    say("here")
    text = expect(troupe.Disconnected, queue.take)
    assert "owner is gone" in text, text
    expect(troupe.Disconnected, queue.put, [1, ""])
    say("all")


def hold_back(url, results, owner, end):
    """The acknowledgement of what has brought an output waits for the output's owner, a process of
    its own, which stands still when the output is put, and then goes on (SIGCONT) or dies."""
    owner = int(owner)
    rows, done = Queue.open(url), Queue.open(results)
    delivery = rows.take(10)
    while True:
        done.put(["", 0])
        done.put_confirmed(["", 0])  # room for one more is left, for a while
        os.kill(owner, signal.SIGSTOP)
        while not is_stopped(owner):
            time.sleep(0.001)
        try:
            done.put(delivery.item, 0.02)
            break
        except troupe.Full:
            os.kill(owner, signal.SIGCONT)
    delivery.ack()
    expect(troupe.TimedOut, rows.stats, 0.05)  # it is behind the acknowledgement
    os.kill(owner, int(end))
    if int(end) == signal.SIGCONT:
        assert rows.stats().finished == 1
        say("all")
    else:
        stats = rows.stats()
        assert (stats.finished, stats.ready) == (0, 1), stats
        rows.put([2, ""])
        again, other = rows.take(10), rows.take(10)
        assert {again.id, other.id} == {1, 2}
        again.ack()  # what was lost was put before they were taken
        other.ack()
        assert rows.stats().finished == 2
        say("all")


def is_stopped(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
