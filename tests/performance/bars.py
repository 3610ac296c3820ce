#!/usr/bin/env python3
"""What is small by itself: starting, the size of the program, memory against an answer that never ends.

    python3 tests/performance/bars.py [--runs 201]

With valgrind there, the instructions that starting takes are counted too: they are the same however
busy the machine is."""

import argparse
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from common import SANDBOX, Vault, build, check, middle, milliseconds, run, target


def starting(program, runs):
    print(f"\n{'':20} {'wall':>9} {'CPU':>9}   of {runs}, medians")
    for words in (["--help"], ["--version"], ["completions", "bash"], None):
        command = [program, *words] if words else [shutil.which("true")]
        costs = [run(command, {}) for _ in range(runs)]
        check(costs[0], command, "/dev/null")
        name = " ".join(words) if words else "(an empty program)"
        print(f"{name:20} {milliseconds(middle(costs, lambda c: c.wall)):>9} {milliseconds(middle(costs, lambda c: c.cpu)):>9}")


def creating(vault, directory):
    environment = {
        "HOME": str(directory),
        "VAULT_SANDBOX_SESSION_ID": vault.session(),
        "VAULT_SANDBOX_STATE_DIR": str(directory / "state"),
    }
    words = [str(target() / "vault-sandbox"), "--dns", vault.url, "--timeout", "5s", "token", "create", SANDBOX]
    return [*words, "--verify", "never", "--expires", "90d", "--out", str(directory / "value")], environment


def memory(directory):
    """Peaks of a run that gets its token, and of runs whose answer does not end."""
    print(f"\n{'memory at its peak':40} {'MB':>6}")
    with Vault(str(target() / "vault-sandbox"), directory) as vault:
        words, environment = creating(vault, directory)
        endless = {"endless": {"prefix": "", "with_answer": False}}
        after_it = {"endless": {"prefix": "", "with_answer": True}}
        slow = {"delay": {"by_ms": 200}}
        for name, endpoint, effect in (
            ("a token, from an answer that is slow", "generate_sandbox_token", slow),
            ("a list that never ends", "list_sandboxes", endless),
            ("a token's answer that never ends", "generate_sandbox_token", endless),
            ("a token, and then what never ends", "generate_sandbox_token", after_it),
        ):
            vault.control("DELETE", "/faults")
            vault.control("POST", "/faults", {"matches": {"endpoint": endpoint}, "nth": "every", "effect": effect})
            cost = run(words, environment, directory, watched=True)
            print(f"{name:40} {cost.peak:>6.1f}   (ended with {cost.status})", flush=True)


def instructions(program, directory):
    valgrind = shutil.which("valgrind")
    if not valgrind:
        return print("\nvalgrind is not here: no instructions are counted")
    print(f"\n{'instructions (callgrind)':40} {'millions':>8}")
    counting = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null"]

    def count(name, words, environment):
        done = subprocess.run([*counting, *words], env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True)
        found = re.search(r"refs:\s+([\d,]+)", done.stderr)
        if done.returncode or not found:
            raise SystemExit(f"{words}: {done.stderr[-2000:]}")
        print(f"{name:40} {int(found[1].replace(',', '')) / 1e6:>8.2f}", flush=True)

    for words in (["--help"], ["--version"], ["completions", "bash"]):
        count(" ".join(words), [program, *words], {})
    with Vault(program, directory) as vault:
        words, environment = creating(vault, directory)
        count("token create, over loopback http", words, environment)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=201)
    parser.add_argument("--no-build", action="store_true", help="take what is built already")
    given = parser.parse_args()
    if not given.no_build:
        build()
    program = str(target() / "vault-sandbox")
    print(f"size of the program: {Path(program).stat().st_size / 1e6:.2f} MB")
    starting(program, given.runs)
    with tempfile.TemporaryDirectory() as directory:
        memory(Path(directory))
    with tempfile.TemporaryDirectory() as directory:
        instructions(program, Path(directory))


if __name__ == "__main__":
    os.umask(0o077)
    main()
