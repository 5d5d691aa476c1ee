#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds docs/parity.md to the truth: every `Suite.Test` that it names exists. parity.py ROOT"""

import pathlib
import re
import sys

NAMED = re.compile(r"`(\w+(?:Test|Contract))\.(\w+)`")
DEFINED = re.compile(r"\b(?:TEST|TEST_F|TEST_P|TYPED_TEST)\(\s*(\w+),\s*(\w+)\s*\)")


def main():
    root = pathlib.Path(sys.argv[1])
    defined = set()
    for source in (root / "tests").rglob("*.cpp"):
        defined.update(DEFINED.findall(source.read_text()))
    named = set(NAMED.findall((root / "docs/parity.md").read_text()))
    missing = sorted(named - defined)
    for suite, test in missing:
        print(f"docs/parity.md names {suite}.{test}, which is not there")
    print(f"parity: {len(named)} tests named, {len(missing)} missing")
    return 1 if missing or not named else 0


if __name__ == "__main__":
    sys.exit(main())
