#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds what the compilers say first about wrong uses of actors.

refused.py INCLUDE_DIR COMPILER   compiles refused.cpp once for each of its cases. None compiles, and
in the first lines of what is said, each of the words behind the case's number is found (regular
expressions; ACTOR= and MESSAGE= mark the types that must be named). CASE 0 compiles.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).with_name("refused.cpp")
FIRST_LINES = 10  # of the output, without the chain of "In file included from"
CASE = re.compile(r"(?:if|elif) CASE == (\d+)(?:  // (.*))?$", re.MULTILINE)


def prepare(compiler, include, folder):
    """Compiles the header that all cases begin with; returns the command for a case."""
    command = [compiler, "-std=c++20", f"-I{include}"]
    version = subprocess.run([compiler, "--version"], stdout=subprocess.PIPE, text=True, check=True)
    header, compiled = f"{include}/troupe/troupe.hpp", pathlib.Path(folder, "troupe/troupe.hpp.gch")
    compiled.parent.mkdir()
    subprocess.run([*command, "-x", "c++-header", header, "-o", str(compiled)],
                   stderr=subprocess.DEVNULL, check=True)
    if "clang" in version.stdout:
        return [*command, "-include-pch", str(compiled), "-fsyntax-only"]
    return [command[0], f"-I{folder}", *command[1:], "-fsyntax-only"]


def said(command, case):
    """The first lines about the case; None when it compiles."""
    done = subprocess.run([*command, f"-DCASE={case}", str(SOURCE)],
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode == 0:
        return None
    lines = [line for line in done.stderr.splitlines()
             if not re.match(r"In file included from|\s+from ", line)]
    return "\n".join(lines[:FIRST_LINES])


def complaint(command, case, expected):
    text = said(command, case)
    if case == "0":
        return text and f"case 0 does not compile:\n{text}"
    if text is None:
        return f"case {case} compiles"
    for pattern in re.split(r" (?:ACTOR=|MESSAGE=)", expected):
        if not re.search(pattern, text, re.DOTALL):
            return f"case {case}: not in the first lines: {pattern}\n{text}"
    return None


def main(include, compiler):
    cases = CASE.findall(SOURCE.read_text())
    expected = dict(reversed(cases))  # of a case that is there twice, the first
    with tempfile.TemporaryDirectory() as folder:
        command = prepare(compiler, include, folder)
        wrong = [each for each in (complaint(command, *case) for case in expected.items()) if each]
    print(f"{compiler}: {len(expected) - 1} uses refused")
    sys.exit("\n\n".join(wrong) or 0)


main(*sys.argv[1:])
