#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the floors: no #include runs up.

floors.py ROOT          checks the tree at ROOT: names each wrong #include, and ends with status 1
floors.py --self-test   checks that the wrong arrows of a small made-up tree are seen

The rules:
- a floor includes only itself and the floors below it; transports and serialization never see each other
- internal/ is for the folder that has it, for what stands directly in its library and composes the floors
  (runtime/runtime.cpp), and for the tests; tools, examples and bench use public headers
- actor's sources, but not its public headers, use fiber's workers: a message may not cost the calls between them;
  node's start threads as fiber does
- a public header names no third-party library, but for those listed here
- our libraries never include the umbrella header
- each source and header of a library is in that library's CMakeLists.txt
"""

import pathlib
import re
import sys

# What each floor stands on. A folder that is not listed belongs to its parent.
RUNTIME = ["fiber", "shared", "channel", "process", "actor", "node", "engine", "queue", "lease",
           "manager", "pool"]
BELOW = {"base": {"base"}}
for name in ("serialization", "transports"):
    BELOW[name] = {"base", name}
below = {"base", "serialization", "transports"}
for name in RUNTIME:
    below = below | {f"runtime/{name}"}
    BELOW[f"runtime/{name}"] = below
BELOW["runtime"] = below | {"runtime"}  # what lies in runtime/ itself: the umbrella header
BELOW["sim"] = BELOW["runtime"] | {"sim"}

# Who may use another folder's internal/, besides the folder itself: in sources and internal headers.
INSIDERS = {"runtime/fiber/": ("runtime/actor/", "runtime/node/")}

LIBRARIES = ("base", "serialization", "transports", "runtime", "sim")
PROGRAMS = ("tools", "examples", "bench", "tests")
UMBRELLA = "troupe/troupe.hpp"

THIRD_PARTY = re.compile(r"(msgpack|zmq|openssl|boost|nats|gtest|microhttpd|leveldb)\b")
THIRD_PARTY_HEADERS = {"serialization/msgpack_define.hpp"}  # optional, for users of msgpack-c

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)


def floor_of(path):
    """The floor of a file, by its path without "troupe/"; None for what is outside the libraries."""
    parts = path.split("/")
    two = "/".join(parts[:2])
    return two if two in BELOW else parts[0] if parts[0] in BELOW else None


def owner_of_internal(path):
    """The folder that may use this header, or None when everybody may."""
    head, found, _ = path.partition("/internal/")
    return head + "/" if found else None


def wrong_include(path, mark, name):
    """Why the file at `path` may not include `name`; None when it may."""
    if mark == "<":
        public = path.endswith(".hpp") and floor_of(path) and "/internal/" not in path
        if public and path not in THIRD_PARTY_HEADERS and THIRD_PARTY.match(name):
            return "a public header names no third-party library"
        name_is_ours = name.startswith("troupe/")
        return "our own headers are included in quotes" if name_is_ours and floor_of(path) else None
    here = floor_of(path)
    if not name.startswith("troupe/"):
        return 'a library includes its headers as "troupe/<folder>/…"' if here else None
    if name == UMBRELLA:
        return "the umbrella header is for users" if here else None
    target = name.removeprefix("troupe/")
    there = floor_of(target)
    if there is None:
        return "there is no such folder"
    if here and there not in BELOW[here]:
        return f"{here} stands below or beside {there}"
    owner = owner_of_internal(target)
    library, _, below = path.partition("/")
    composes = "/" not in below and path.endswith(".cpp") and owner and owner.startswith(library + "/")
    insider = (owner in INSIDERS and path.startswith(INSIDERS[owner])
               and (path.endswith(".cpp") or "/internal/" in path))
    if owner and not composes and not insider and not path.startswith((owner, "tests/")):
        return f"internal to {owner}"
    return None


def wrong_includes(path, text):
    for match in INCLUDE.finditer(text):
        reason = wrong_include(path, *match.groups())
        if reason:
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: {match.group(2)}: {reason}"


def unlisted(library, names, listing):
    """The files of a library that its CMakeLists.txt does not name."""
    words = set(re.sub(r"#.*", "", listing).replace("(", " ").replace(")", " ").split())
    for name in names:
        if name.removeprefix(library + "/") not in words:
            yield f"{name}: not in {library}/CMakeLists.txt"


def check(root):
    problems, count = [], 0
    for folder in LIBRARIES + PROGRAMS:
        paths = sorted(p for p in (root / folder).rglob("*") if p.suffix in (".hpp", ".cpp"))
        names = [p.relative_to(root).as_posix() for p in paths]
        for path, name in zip(paths, names):
            problems += wrong_includes(name, path.read_text())
        listing = root / folder / "CMakeLists.txt"
        if folder in LIBRARIES and listing.exists():
            problems += unlisted(folder, names, listing.read_text())
        count += len(paths)
    if count == 0:
        problems.append(f"{root}: no sources here")
    return problems, count


def self_test():
    def includes(path, *lines):
        return len(list(wrong_includes(path, "".join(f"#include {line}\n" for line in lines))))

    right = [
        ("base/os/futex.cpp", '"troupe/base/result.hpp"', "<linux/futex.h>"),
        ("transports/stream/engine.cpp", '"troupe/transports/internal/cut.hpp"', "<openssl/hmac.h>"),
        ("runtime/channel/pipe.hpp", '"troupe/runtime/fiber/park.hpp"'),
        ("runtime/troupe.hpp", '"troupe/runtime/process/process.hpp"'),
        ("runtime/runtime.cpp", '"troupe/runtime/process/internal/host.hpp"'),
        ("tests/base/result_test.cpp", '"troupe/base/internal/x.hpp"', "<gtest/gtest.h>", '"near.hpp"'),
        ("examples/wordcount/main.cpp", "<troupe/troupe.hpp>"),
    ]
    wrong = [
        ("base/error.hpp", '"troupe/serialization/encoded.hpp"'),
        ("transports/transport.hpp", '"troupe/serialization/encoded.hpp"'),
        ("serialization/encoded.hpp", '"troupe/transports/transport.hpp"'),
        ("runtime/fiber/park.hpp", '"troupe/runtime/channel/pipe.hpp"'),
        ("runtime/fiber/park.hpp", '"troupe/runtime/runtime.hpp"'),
        ("runtime/actor/ref.cpp", '  "troupe/runtime/node/link.hpp"'),
        ("runtime/channel/pipe.cpp", '"troupe/troupe.hpp"'),
        ("runtime/channel/pipe.cpp", '"pipe.hpp"'),
        ("runtime/channel/pipe.cpp", "<troupe/base/error.hpp>"),
        ("runtime/channel/pipe.cpp", '"troupe/runtime/fiber/internal/stack.hpp"'),
        ("runtime/runtime.hpp", '"troupe/runtime/process/internal/host.hpp"'),
        ("tools/send.cpp", '"troupe/base/internal/x.hpp"'),
        ("base/error.cpp", '"troupe/bass/error.hpp"'),
        ("base/digest.hpp", "<openssl/hmac.h>"),
    ]
    failures = [case for case in right if includes(*case) != 0]
    failures += [case for case in wrong if includes(*case) != 1]
    listing = "troupe_add_library(base\n  SOURCES a.cpp # b.cpp\n  HEADERS os/a.hpp)\n"
    if list(unlisted("base", ["base/a.cpp", "base/b.cpp", "base/os/a.hpp"], listing)) != [
            "base/b.cpp: not in base/CMakeLists.txt"]:
        failures.append("unlisted")
    return failures, len(right) + len(wrong) + 1


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    problems, count = self_test() if sys.argv[1] == "--self-test" else check(pathlib.Path(sys.argv[1]))
    for problem in problems:
        print(problem)
    print(f"floors: {len(problems)} problems in {count}")
    sys.exit(1 if problems else 0)


main()
