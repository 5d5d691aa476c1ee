#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/gdb/troupe_gdb.py on actors that wait in known functions: in a live process and in a core.

Usage: gdb_test.py GDB SCRIPT PROGRAM live|core
"""
import os
import re
import subprocess
import sys
import tempfile

NO_GDB = 77  # skipped


def run(gdb, script, arguments, commands):
    words = [gdb, "-nx", "-batch", "-iex", "set auto-load off", "-iex", "set debuginfod enabled off",
             "-ex", "set pagination off", "-ex", "set width 0", "-ex", f"source {script}"]
    for command in commands:
        words += ["-ex", command]
    done = subprocess.run(words + arguments, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100, check=False)
    if re.search(r"ptrace.*Operation not permitted|Could not trace the inferior", done.stdout):
        print("tracing is forbidden here:", done.stdout)
        sys.exit(NO_GDB)
    return done.stdout


def expect(pattern, text):
    if not re.search(pattern, text, re.MULTILINE | re.DOTALL):
        sys.exit(f"no match for {pattern!r} in:\n{text}")


LOOK = ["echo [actors]\\n", "troupe actors", "echo [teller]\\n", "troupe bt teller",
        "echo [fibers]\\n", "troupe fibers", "echo [all]\\n", "troupe fibers bt", "echo [thread]\\n",
        "bt", "echo [errors]\\n", "troupe bt nobody", "echo [ambiguous]\\n", "troupe bt bank::Vault",
        "troupe bt Vault", "echo [idle]\\n", "troupe bt 2.1", "echo [end]\\n"]


def check(output):
    part = dict(re.findall(r"^\[(\w+)\]\n(.*?)(?=^\[\w+\]$|\Z)", output, re.MULTILINE | re.DOTALL))
    actors = part["actors"]
    expect(r"^\d+\.1 +\S*Vault +vault of gold +waiting +\S*Doze$", actors)
    expect(r"^\d+\.1 +\S*Teller +teller +waiting +\S*Withdraw +\S*Vault \"vault of gold\"$", actors)
    expect(r"^\d+\.1 +\S*Vault +idle$", actors)
    stack = r"^#\d+ .*bank::Teller::ask_the_vault.*^#\d+ .*bank::Teller::handle"
    expect(stack, part["teller"])
    if "doze_at_the_desk" in part["teller"]:
        sys.exit("the teller's stack has frames of the vault's")
    expect(r"Vault \"vault of gold\" \(\d+\.1\), handling \S*Doze:\n  #\d+ .*doze_at_the_desk",
           part["fibers"])
    expect(r"Teller \"teller\" \(\d+\.1\), handling \S*Withdraw:\n  #\d+ .*ask_the_vault",
           part["fibers"])
    if part["all"].count("doze_at_the_desk") < 4:
        sys.exit(f"not each call is there:\n{part['all']}")
    expect(r"bank::Vault::handle.*Teller", part["all"])
    expect(r"^#0 +all_wait.*^#1 .* main", part["thread"])  # gdb's own view is as before
    expect(r"no actor is named 'nobody'", part["errors"])
    expect(r"there are 2 actors '\S*Vault'; say one's id", part["ambiguous"])


def main():
    gdb, script, program, how = sys.argv[1:]
    if how == "live":
        check(run(gdb, script, [program], ["break all_wait", "run"] + LOOK + ["kill"]))
        return
    with tempfile.TemporaryDirectory() as folder:
        core = os.path.join(folder, "core")
        # gdb's own core would leave out what lies behind the first guard that is no mapping of its own.
        os.environ["TROUPE_KERNEL_WITHOUT"] = "guard_pages"
        made = run(gdb, script, [program], ["break all_wait", "run", f"generate-core-file {core}",
                                            "kill"])
        if not os.path.exists(core):
            sys.exit(f"there is no core:\n{made}")
        check(run(gdb, script, [program, core], LOOK))


main()
