#!/usr/bin/env python3
"""What a run over many sandboxes costs, as their number grows.

    python3 tests/performance/scale.py [--counts 10,100,1000,10000] [--jobs 16] [--delay 50] [--plot OUT.svg]

A simulated Vault with so many sandboxes answers each request for a token after the delay; one run
makes a token for every sandbox, each into a file of its own. The ideal is ceil(count / jobs) x delay:
as if nothing but Vault took time. Vault's tokens are counted afterwards. The clock of the simulated
Vault runs ahead, so that its burst limit is never reached: with it, a run over more than some 2,000
takes as long as Vault says (docs/performance.md). `--state` says where the
records and files go: what a sync to the disk costs depends on the disk."""

import argparse
import math
import os
import tempfile
import threading
from pathlib import Path

from common import Vault, build, check, run, target
from plot import chart


class ClockRunsAhead(threading.Thread):
    """Has the simulated Vault begin a new burst window every second."""

    def __init__(self, vault):
        super().__init__(daemon=True)
        self.vault, self.ended = vault, threading.Event()

    def run(self):
        while not self.ended.is_set():
            self.vault.control("POST", "/clock", {"advance_s": 301})
            self.ended.wait(1)

    def __enter__(self):
        self.start()

    def __exit__(self, *_):
        self.ended.set()
        self.join()


def measure(count, jobs, delay, state, runs):
    program = str(target() / "vault-sandbox")
    best = None
    with tempfile.TemporaryDirectory(dir=state) as directory:
        directory = Path(directory)
        with Vault(program, directory) as vault:
            seed = [{"name": f"Sandbox {number:05}"} for number in range(count)]
            users = [{"name": "jane.doe@veepharm.com", "admin": True}]
            vault.control("POST", "/seed", {"users": users, "sandboxes": seed})
            vault.control("POST", "/switches", {"token_limit": None, "session_idle_ms": 170_000_000})
            slow = {"matches": {"endpoint": "generate_sandbox_token"}, "nth": "every"}
            vault.control("POST", "/faults", {**slow, "effect": {"delay": {"by_ms": delay}}})
            environment = {
                "HOME": str(directory),
                "VAULT_SANDBOX_SESSION_ID": vault.session(),
                "VAULT_SANDBOX_STATE_DIR": str(directory / "state"),
            }
            words = [program, "--dns", vault.url, "--yes", "token", "create", "--all", "-j", str(jobs)]
            words += ["--verify", "never", "--expires", "90d", "--out", str(directory / "{sandbox}.token")]
            for turn in range(1, runs + 1):
                errors = directory / "errors"
                with ClockRunsAhead(vault):
                    cost = run(words, environment, directory, errors, watched=True)
                check(cost, words, errors)
                made = len(vault.control("GET", "/tokens"))
                files = len(list(directory.glob("*.token")))
                if (made, files) != (count * turn, count):
                    raise SystemExit(f"{made} tokens and {files} files in run {turn} over {count}")
                best = min(best or cost, cost, key=lambda cost: cost.wall)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", default="10,100,1000,10000")
    parser.add_argument("--jobs", type=int, default=16)
    parser.add_argument("--delay", type=int, default=50, help="milliseconds")
    parser.add_argument("--runs", type=int, default=1, help="the fastest counts")
    parser.add_argument("--state", default=None, help="a directory; the system's for temporary files by default")
    parser.add_argument("--plot", help="writes an SVG")
    parser.add_argument("--no-build", action="store_true", help="take what is built already")
    given = parser.parse_args()
    if not given.no_build:
        build()
    print(f"-j {given.jobs}, an answer after {given.delay} ms\n")
    print(f"{'sandboxes':>9} {'wall':>9} {'ideal':>9} {'ratio':>6} {'CPU':>8} {'CPU each':>9} {'memory':>9}")
    rows = []
    for count in map(int, given.counts.split(",")):
        cost = measure(count, given.jobs, given.delay, given.state, given.runs)
        ideal = math.ceil(count / given.jobs) * given.delay / 1000
        rows.append((count, cost, ideal))
        print(
            f"{count:>9} {cost.wall:>7.2f} s {ideal:>7.2f} s {cost.wall / ideal:>6.2f} {cost.cpu:>6.2f} s"
            f" {cost.cpu / count * 1000:>6.2f} ms {cost.peak:>6.1f} MB",
            flush=True,
        )
    if given.plot:
        counts = [count for count, _, _ in rows]
        panels = [
            ("seconds", [("ideal", [ideal for *_, ideal in rows]), ("run", [cost.wall for _, cost, _ in rows]), ("CPU", [cost.cpu for _, cost, _ in rows])]),
            ("CPU per token, ms", [("", [cost.cpu / count * 1000 for count, cost, _ in rows])]),
            ("memory at its peak, MB", [("", [cost.peak for _, cost, _ in rows])]),
        ]
        Path(given.plot).write_text(chart("sandboxes in one run", counts, panels))


if __name__ == "__main__":
    os.umask(0o077)
    main()
