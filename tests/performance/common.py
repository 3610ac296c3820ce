"""What the performance scripts share: a simulated Vault in a process of its own, and programs run
with what they cost. Python's standard library only; everything stays on 127.0.0.1."""

import http.client
import json
import os
import resource
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
USER, PASSWORD = "jane.doe@veepharm.com", "simulated-password"
SANDBOX = "VeePharm Sandbox"


def target():
    """Where cargo puts release builds."""
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"


def build():
    """The program and the bare one, as they are released."""
    for what in (["-p", "vault-sandbox-cli"], ["-p", "vault-sandbox-tests", "--example", "bare_reqwest"]):
        subprocess.run(["cargo", "build", "--release", "--locked", *what], cwd=ROOT, check=True)


class Cost:
    """What one run took."""

    def __init__(self, status, wall, usage, peak):
        self.status = status
        self.wall = wall
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = peak


class Peak(threading.Thread):
    """Watches the memory of a process, in MB at its peak. wait4's figure is of no use here: it never
    falls below what the process had that spawned it."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.status, self.megabytes = f"/proc/{pid}/status", 0.0
        self.start()

    def run(self):
        try:
            while True:
                with open(self.status) as status:
                    highest = [line for line in status if line.startswith("VmHWM")]
                if not highest:  # it has ended
                    return
                self.megabytes = int(highest[0].split()[1]) / 1024
                time.sleep(0.005)
        except OSError:
            pass


def run(words, environment, cwd="/", errors="/dev/null", watched=False):
    """Runs a program to its end; its own cost, by wait4. Nothing of the caller's environment.

    `watched`: its memory too, if it lasts for a while."""
    environment = {"PATH": os.environ["PATH"], **environment}
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, str(errors), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
    ]
    here = os.getcwd()
    os.chdir(cwd)
    try:
        start = time.perf_counter()
        pid = os.posix_spawn(words[0], words, environment, file_actions=actions)
        peak = Peak(pid) if watched else None
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - start
    finally:
        os.chdir(here)
    return Cost(os.waitstatus_to_exitcode(status), wall, usage, peak.megabytes if peak else None)


def check(cost, words, errors):
    if cost.status != 0:
        said = Path(errors).read_text(errors="replace") if Path(errors).exists() else ""
        sys.exit(f"{words[0]} ended with {cost.status}\n{said[-2000:]}")


class Vault:
    """A simulated Vault, `vault-sandbox simulate`, for as long as the `with` block lasts."""

    def __init__(self, program, directory, https=False):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.scheme = "https" if https else "http"
        self.ca = Path(directory) / "ca.pem" if https else None
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        words = [program, "simulate", "--port", str(self.port)]
        if https:
            words += ["--https", "--ca-out", str(self.ca)]
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        self.process = subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def __enter__(self):
        for _ in range(200):
            try:
                self.control("GET", "/")
                self.control("POST", "/switches", {"token_limit": None})
                return self
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
        raise SystemExit("the simulated Vault does not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def control(self, method, path, body=None):
        text = None if body is None else json.dumps(body)
        return self._ask(method, "/simulator" + path, text, {})

    def session(self):
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = f"username={USER}&password={PASSWORD}"
        return self._ask("POST", "/api/v26.2/auth", body, form)["sessionId"]

    def _ask(self, method, path, body, headers):
        if self.scheme == "https":
            trust = ssl.create_default_context(cafile=str(self.ca))
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=trust)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text)

    def post_url(self):
        name = SANDBOX.replace(" ", "%20")
        return f"{self.url}/api/v26.2/objects/sandbox/{name}/users/me/api_access_token__sys"


def milliseconds(seconds):
    return f"{seconds * 1000:.2f} ms"


def middle(costs, of):
    return median(of(cost) for cost in costs)
