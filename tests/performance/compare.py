#!/usr/bin/env python3
"""The whole program beside curl, xh and a bare reqwest program, on the POST that makes a token.

    python3 tests/performance/compare.py [--runs 101] [--xh PATH]

Each makes one token and writes the answer, or the value of it, to a file; the session comes by the
environment. They take turns, so that what else the machine does strikes all alike: what counts are
the ratios within one run. `vault-sandbox` reads the list of sandboxes too, keeps its record, and
syncs it to the disk."""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from common import SANDBOX, Vault, build, check, middle, milliseconds, run, target

FORM = "name__v=compared&expiry_date__v=2031-01-01T00%3A00%3A00Z"


def contestants(vault, session, directory, xh):
    out = directory / "value"
    program, bare = str(target() / "vault-sandbox"), str(target() / "examples" / "bare_reqwest")
    ours = {"VAULT_SANDBOX_SESSION_ID": session, "VAULT_SANDBOX_STATE_DIR": str(directory / "state")}
    create = ["token", "create", SANDBOX, "--verify", "never", "--expires", "90d", "--out", str(out)]
    trust = ["--ca-file", str(vault.ca)] if vault.ca else []
    yield "vault-sandbox", [program, "--dns", vault.url, *trust, *create], ours
    curl = [shutil.which("curl"), "-q", "-sS", "--fail", "-o", str(out), "-H", f"Authorization: {session}"]
    curl += ["-H", "Accept: application/json", "-d", FORM]
    yield "curl", [*curl, *(["--cacert", str(vault.ca)] if vault.ca else []), vault.post_url()], {}
    if xh:
        words = [xh, "--ignore-stdin", "--check-status", "--form", "--output", str(out), "POST"]
        words += ["--verify", str(vault.ca)] if vault.ca else []
        words += [vault.post_url(), f"Authorization:{session}", "name__v=compared"]
        yield "xh", [*words, "expiry_date__v=2031-01-01T00:00:00Z"], {}
    environment = {"SESSION": session, **({"CA_FILE": str(vault.ca)} if vault.ca else {})}
    yield "bare reqwest", [bare, vault.post_url(), str(out)], environment
    yield "(an empty program)", [shutil.which("true")], {}


def compare(https, runs, xh):
    with tempfile.TemporaryDirectory() as directory:
        directory = Path(directory)
        with Vault(str(target() / "vault-sandbox"), directory, https) as vault:
            rivals = list(contestants(vault, vault.session(), directory, xh))
            costs = {name: [] for name, _, _ in rivals}
            errors = directory / "errors"
            for turn in range(runs + 3):
                for name, words, environment in rivals:
                    cost = run(words, {"HOME": str(directory), **environment}, directory, errors)
                    check(cost, words, errors)
                    if turn >= 3:  # the first ones warm up
                        costs[name].append(cost)
            scheme = vault.scheme
    print(f"\n{scheme}, {runs} turns, medians        ratios: of the medians, and the median of the ratios in each turn\n")
    print(f"{'':20} {'CPU':>10} {'of curl':>8} {'paired':>8} {'wall':>11} {'of curl':>8}")
    curl = costs["curl"]
    for name, own in costs.items():
        cpu, wall = middle(own, lambda c: c.cpu), middle(own, lambda c: c.wall)
        paired = sorted(a.cpu / b.cpu for a, b in zip(own, curl))[len(own) // 2]
        print(
            f"{name:20} {milliseconds(cpu):>10} {cpu / middle(curl, lambda c: c.cpu):>8.2f} {paired:>8.2f}"
            f" {milliseconds(wall):>11} {wall / middle(curl, lambda c: c.wall):>8.2f}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=101)
    parser.add_argument("--xh", default=shutil.which("xh"), help="where xh is; the one on the PATH by default")
    parser.add_argument("--no-build", action="store_true", help="take what is built already")
    given = parser.parse_args()
    if not given.no_build:
        build()
    if not given.xh:
        print("xh is left out: it is not installed (cargo install xh, or --xh PATH)")
    for https in (False, True):
        compare(https, given.runs, given.xh)


if __name__ == "__main__":
    os.umask(0o077)
    main()
