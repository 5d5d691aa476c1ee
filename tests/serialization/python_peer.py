# SPDX-License-Identifier: Apache-2.0
"""python3-msgpack at the other end of the codec: reads a stream of messages, or writes some.

python_peer.py repack FILE OUT   unpacks each message of FILE and packs it again into OUT
python_peer.py write OUT         packs the messages that python_test.cpp expects into OUT
"""

import sys

import msgpack

EXAMPLES = [
    [7, "seven", 0.5],
    {"score": 2, "text": "by name", "number": 1},
    {"title": "t", "rows": [[1, "a", 1.5], {"number": 2, "text": "b", "score": 2.5}],
     "widths": {"x": 70000}},
    [b"bytes", "gr\u00fc\u00df", None, [1, "second"], (3, 4), {-1: [True]}],
    [0, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1],
    [-1, -32, -33, -128, -129, -32768, -32769, -2**31, -2**31 - 1, -2**63],
]


def repack(source, target):
    unpacker = msgpack.Unpacker(source, raw=False, strict_map_key=False)
    for message in unpacker:
        target.write(msgpack.packb(message, use_bin_type=True))


def main(verb, *paths):
    if verb == "repack":
        with open(paths[0], "rb") as source, open(paths[1], "wb") as target:
            repack(source, target)
    else:
        with open(paths[0], "wb") as target:
            for message in EXAMPLES:
                target.write(msgpack.packb(message, use_bin_type=True))


main(*sys.argv[1:])
