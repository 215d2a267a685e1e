"""Starts Inro's three binaries as an operator or a holder would, in temporary folders and on free ports.

Only the command line is known here: what each command takes, prints, and with which status it ends.
"""

from __future__ import annotations

import json
import os
import pty
import queue
import secrets
import select
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cryptography import x509

from .jose import JsonObject, json_bytes
from .pki import load_anchors
from .transport import JSON, HttpsClient, Reply

# Seconds that a command may take, and a service to listen or to stop. Bounds for a stuck process, not expectations.
COMMAND_LIMIT = 120
SERVICE_LIMIT = 60
READY = "listening on "
# The end of the wallet's question at a terminal.
QUESTION = b"[y/N] "
# The end of what stands for the prompt of a phone.
PRESENCE = b"n cancels: "


class CommandFailed(Exception):
    """A command ended with a status that was not expected."""


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    status: int
    stdout: str
    stderr: str

    def json(self) -> JsonObject:
        """The standard output as a JSON object."""
        value = json.loads(self.stdout)
        assert isinstance(value, dict), "a JSON object"
        return value


@dataclass(frozen=True)
class Binaries:
    """The folder with `inro-issuer`, `inro-verifier` and `inro-wallet`."""

    folder: Path

    @classmethod
    def find(cls) -> Binaries:
        """Takes $INRO_BIN_DIR, else the debug folder of the cargo target directory; all three must be there."""
        target = Path(os.environ.get("CARGO_TARGET_DIR") or Path(__file__).resolve().parents[3] / "target")
        folder = Path(os.environ.get("INRO_BIN_DIR") or target / "debug")
        names = [name for name in ("inro-issuer", "inro-verifier", "inro-wallet") if not (folder / name).is_file()]
        if names:
            raise FileNotFoundError(f"{', '.join(names)} not in {folder}: build them, or set INRO_BIN_DIR")
        return cls(folder)

    def run(self, name: str, *arguments: str | Path, expect: int | None = 0) -> Finished:
        """Runs a command to its end; `expect` is the exit status that it must have, None for any."""
        done = subprocess.run(
            [self.folder / name, *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=COMMAND_LIMIT,
            env=_environment(),
            check=False,
        )
        finished = Finished(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))
        if expect is not None and finished.status != expect:
            raise CommandFailed(f"{name} {arguments[:2]} ended with {finished.status}: {finished.stderr}")
        return finished


class Service:
    """A `serve` command that runs until the `with` block ends."""

    def __init__(self, binaries: Binaries, name: str, folder: Path) -> None:
        self.folder = folder
        self.url = f"https://localhost:{free_port()}"
        self._binaries = binaries
        self._name = name
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()

    @property
    def tls_ca(self) -> Path:
        """The certification authority of the service's TLS certificate."""
        return self.folder / "tls/ca.pem"

    def command(self, *arguments: str | Path, expect: int | None = 0) -> Finished:
        """Runs an admin command on the service's folder."""
        return self._binaries.run(self._name, *arguments, "--dir", self.folder, expect=expect)

    def start(self) -> None:
        """Starts `serve` and waits until it says that it listens."""
        log = (self.folder / "serve.log").open("wb")
        self._lines = queue.Queue()
        self._process = subprocess.Popen(
            [self._binaries.folder / self._name, "serve", "--dir", self.folder],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_environment(),
        )
        log.close()
        assert self._process.stdout is not None, "stdout is a pipe"
        threading.Thread(target=_pump, args=(self._process.stdout, self._lines), daemon=True).start()
        while not (line := self._next_line()).startswith(READY):
            pass
        if line.removeprefix(READY).strip() != self.url:
            raise CommandFailed(f"{self._name} listens elsewhere: {line}")

    def stop(self) -> None:
        """Ends the service as an operator does; one that does not end is killed and reported."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            status = self._process.wait(SERVICE_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        if status != 0:
            raise CommandFailed(f"{self._name} ended with {status} on SIGTERM")

    def logged(self) -> list[str]:
        """The lines that `serve` has written so far."""
        return (self.folder / "serve.log").read_text(encoding="utf-8").splitlines()

    def peak_memory(self) -> int:
        """The most bytes that `serve` has held at once, as Linux counts them."""
        assert self._process is not None, "a service that was started"
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024

    def _next_line(self) -> str:
        line = self._lines.get(timeout=SERVICE_LIMIT)
        if line is None:
            raise CommandFailed(f"{self._name} ended early: {(self.folder / 'serve.log').read_text()}")
        return line


class InroIssuer(Service):
    """The agency's issuer with its admin commands."""

    def __init__(self, binaries: Binaries, folder: Path) -> None:
        super().__init__(binaries, "inro-issuer", folder)
        self.command("init", "--name", "Minato City", "--name-ja", "みなと市", "--url", self.url)

    @property
    def anchor_file(self) -> Path:
        """The agency's certification authority, for credentials and registrations."""
        return self.folder / "trust/ca.pem"

    @property
    def anchors(self) -> list[x509.Certificate]:
        """The same, loaded."""
        return load_anchors(self.anchor_file)

    def import_employees(self, file: Path) -> None:
        """Imports an HR file."""
        self.command("employee", "import", file)

    def offer(self, employee: str, *credentials: str, tx_code: bool = False, form: str = "dc+sd-jwt") -> JsonObject:
        """Creates an offer: `credential_offer`, `credential_offer_uri`, `tx_code`, `expires_at`."""
        wanted = [part for name in credentials for part in ("--credential", name)]
        flags = ["--tx-code"] if tx_code else []
        return self.command(
            "offer", "create", "--employee", employee, *wanted, "--format", form, *flags, "--json"
        ).json()

    def register_verifier(self, registration: Path, certificate: Path) -> str:
        """Registers a verifier and returns its registration JWT."""
        return self.command("verifier", "register", registration, "--cert", certificate).stdout.strip()


class InroVerifier(Service):
    """The relying system's verifier with its API."""

    def __init__(self, binaries: Binaries, folder: Path) -> None:
        super().__init__(binaries, "inro-verifier", folder)
        self.command("init", "--name", "Welfare System", "--name-ja", "福祉システム", "--url", self.url)

    @property
    def anchor_file(self) -> Path:
        """The certification authority of the verifier's own certificate."""
        return self.folder / "trust/ca.pem"

    @property
    def anchors(self) -> list[x509.Certificate]:
        """The same, loaded."""
        return load_anchors(self.anchor_file)

    def register_with(self, issuer: InroIssuer) -> None:
        """Trusts the issuer and has its agency register the verifier's draft."""
        self.command("trust", "add", "--issuer", issuer.anchor_file)
        self.command("trust", "add", "--tls", issuer.tls_ca)
        jwt = issuer.register_verifier(self.folder / "registration.toml", self.folder / "keys/verifier.pem")
        file = self.folder / "registration.jwt"
        file.write_text(jwt)
        self.command("registration", "add", file)

    def create(self, body: JsonObject) -> JsonObject:
        """Asks for a presentation over the API: `id`, `authorization_request`, `expires_at`."""
        reply = self.post_presentation(body)
        if reply.status != 201:
            raise CommandFailed(f"no presentation: HTTP {reply.status} {reply.text}")
        return reply.json()

    def post_presentation(self, body: JsonObject) -> Reply:
        """The same, whatever comes of it."""
        return self.api("POST", "/v1/presentations", json_bytes(body))

    @contextmanager
    def policy(self, query: JsonObject, **settings: str | int) -> Iterator[JsonObject]:
        """A policy of the operator's around `query` until the `with` block ends; yields what asks by it."""
        file = self.folder / "policies" / f"interop-{secrets.token_hex(4)}.toml"
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        texts = '[purpose]\nen = "Interoperability test"\nja = "相互運用試験"'
        file.write_text("\n".join([*lines, f"dcql_query = '''{json.dumps(query)}'''", texts, ""]), encoding="utf-8")
        yield {"policy": file.stem}
        file.unlink()

    def result(self, presentation: str) -> JsonObject:
        """The state of a presentation."""
        return self.api("GET", f"/v1/presentations/{presentation}").json()

    def api(self, method: str, path: str, body: bytes = b"") -> Reply:
        """Sends one authorized API request."""
        token = (self.folder / "api-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": JSON, "Accept": JSON}
        return HttpsClient(self.tls_ca).request(method, f"{self.url}{path}", headers, body)


@dataclass(frozen=True)
class InroWallet:
    """One holder's `inro-wallet` with its own home."""

    binaries: Binaries
    home: Path

    def trust(self, kind: str, file: Path) -> None:
        """Adds an anchor; `kind` is `issuer`, `verifier` or `tls`."""
        self.run("trust", "add", f"--{kind}", file)

    def receive(self, offer: str, tx_code: str | None = None) -> JsonObject:
        """Receives what an offer has."""
        code = ["--tx-code", tx_code] if tx_code is not None else []
        return self.run("receive", offer, *code, "--json").json()

    def present(self, request: str, *flags: str, expect: int | None = 0) -> Finished:
        """Answers a presentation request with the holder's consent given in advance."""
        return self.run("present", request, "--yes", "--json", *flags, expect=expect)

    def present_at_terminal(self, request: str, answer: str) -> Finished:
        """Answers as a holder who reads the review, types `answer` and is there; `stderr` is what the terminal showed."""
        keyboard, terminal = pty.openpty()
        process = subprocess.Popen(
            [self.binaries.folder / "inro-wallet", "--home", self.home, "present", request, "--json"],
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=terminal,
            env=_environment(),
        )
        os.close(terminal)
        shown = b""
        deadline = time.monotonic() + COMMAND_LIMIT
        try:
            while chunk := _read_terminal(keyboard, deadline):
                shown += chunk
                if shown.endswith(QUESTION):
                    os.write(keyboard, f"{answer}\n".encode())
                elif shown.endswith(PRESENCE):
                    os.write(keyboard, b"\n")
            stdout, _ = process.communicate(timeout=COMMAND_LIMIT)
        finally:
            process.kill()
            os.close(keyboard)
        return Finished(process.returncode, stdout.decode("utf-8"), shown.decode("utf-8"))

    def run(self, *arguments: str | Path, expect: int | None = 0) -> Finished:
        """Runs any wallet command."""
        return self.binaries.run("inro-wallet", "--home", self.home, *arguments, expect=expect)


def free_port() -> int:
    """A port of the loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _read_terminal(keyboard: int, deadline: float) -> bytes:
    """What the terminal shows next; nothing once the command has ended."""
    ready, _, _ = select.select([keyboard], [], [], max(0.0, deadline - time.monotonic()))
    if not ready:
        raise CommandFailed("nothing more on the terminal")
    try:
        return os.read(keyboard, 4096)
    except OSError:  # Linux tells the end of the other side so.
        return b""


def _environment() -> dict[str, str]:
    """English messages and no proxy between processes of one machine."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return kept | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def _pump(stream: IO[bytes], lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line.decode("utf-8").rstrip("\n"))
    lines.put(None)
