#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds what the compilers say about types that cannot be messages.

refused.py INCLUDE_DIR COMPILER   compiles refused.cpp: there must be one error for each line of it
that has a comment after "// refused", in order, and it must match that comment (a regular expression).
The struct, the member and the reason must stand in the first lines when there is one error alone.
"""

import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(__file__).with_name("refused.cpp")
SHOWN = 1000  # characters of an error that is not as expected
FIRST_LINES = 12  # of the output, without the chain of "In file included from"
REASON = re.compile(r"error: static[_ ]assert(?:ion)? failed")


def output_of(compiler, include, *options):
    version = subprocess.run([compiler, "--version"], stdout=subprocess.PIPE, text=True, check=True)
    every_error = "-ferror-limit=0" if "clang" in version.stdout else "-fmax-errors=0"
    command = [compiler, "-std=c++20", "-fsyntax-only", every_error, f"-I{include}", *options,
               str(SOURCE)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode == 0:
        sys.exit(f"{SOURCE} compiles with {compiler}")
    lines = done.stderr.splitlines()
    return [line for line in lines if not re.match(r"In file included from|\s+from ", line)]


def expectations():
    lines = SOURCE.read_text().split("// refused\n")[1].split("#else")[0].splitlines()
    return [line.rpartition(";  // ")[2] for line in lines]


def errors_of(lines):
    """The text that leads to each error, with the error."""
    texts, text = [], []
    for line in lines:
        text.append(line)
        if ": error: " in line:
            texts.append(" ".join(text))
            text = []
    return texts


def main(include, compiler):
    wrong = []
    expected = expectations()
    errors = errors_of(output_of(compiler, include))
    if len(errors) != len(expected):
        wrong.append(f"{len(errors)} errors, and {len(expected)} were expected")
    for pattern, text in zip(expected, errors):
        if not REASON.search(text) or not re.search(pattern, text):
            wrong.append(f"{pattern}\n  is not in\n  {text[-SHOWN:]}")

    beginning = "\n".join(output_of(compiler, include, "-DALONE")[:FIRST_LINES])
    if not re.search(expected[0], beginning, re.DOTALL):
        wrong.append(f"{expected[0]}\n  is not in the first lines\n{beginning}")
    print(f"{compiler}: {len(errors)} types refused")
    sys.exit("\n".join(wrong) or 0)


main(*sys.argv[1:])
