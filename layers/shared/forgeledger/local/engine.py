"""Starts and stops ministack, which emulates all services except Lambda and the HTTP API."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from forgeledger.aws.loopback import ACCESS_KEY
from forgeledger.errors import ForgeLedgerError
from forgeledger.local.engine_process import SCRATCH_PREFIX, SCRATCH_VARIABLE, remove_scratch

HOST: Final = "127.0.0.1"
REGION: Final = "us-east-1"
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0
_START_ATTEMPTS: Final = 3


class EngineError(ForgeLedgerError):
    """The engine did not start; the message ends with the last lines of its log."""


def free_port() -> int:
    """A port that is free at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def client_environment(endpoint_url: str) -> dict[str, str]:
    """The variables that direct any AWS client of a child process to the engine."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        **unproxied(os.environ),
    }


def unproxied(inherited: Mapping[str, str]) -> dict[str, str]:
    """The variables that keep a child process from using a proxy for loopback."""
    listed = inherited.get("no_proxy") or inherited.get("NO_PROXY") or ""
    hosts = listed if listed.strip() == "*" else f"{listed},{HOST}".lstrip(",")
    return {"NO_PROXY": hosts, "no_proxy": hosts}


class Engine:
    """One ministack process on loopback, which ends when this process does.

    It loads its state from `data_dir` and saves it there at a clean stop; without `data_dir` it
    starts empty and saves nothing. It holds the descriptors in `held_open`, such as a lock on that
    folder, until it ends, even if this process is killed first.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        data_dir: Path | None = None,
        log_file: Path | None = None,
        held_open: tuple[int, ...] = (),
    ) -> None:
        self._wanted_port = port
        self._held_open = held_open
        self._data_dir = data_dir
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch: Path | None = None
        self._log_path: Path | None = None
        self.port = port
        self.generation = ""  # Names one run: sequence numbers differ between runs.

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> Self:
        """Start and wait until it is ready; if its free port was taken meanwhile, try another."""
        tail = ""
        for _ in range(1 if self._wanted_port else _START_ATTEMPTS):
            self.port = self._wanted_port or free_port()
            self._spawn()
            if self._wait_until_ready():
                self.generation = uuid.uuid4().hex
                return self
            tail = self._log_tail()
            self.stop()
        raise EngineError(f"the engine did not start on port {self.port}: {tail}")

    def stop(self) -> None:
        """Stop cleanly, so that it saves its state; kill it after a timeout."""
        process, self._process = self._process, None
        if process is not None:
            if process.stdin:
                process.stdin.close()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        scratch, self._scratch = self._scratch, None
        if scratch is not None:
            remove_scratch(scratch)

    def kill(self) -> None:
        """End it as a power cut would: unsaved state is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _spawn(self) -> None:
        scratch = self._scratch = Path(tempfile.mkdtemp(prefix=SCRATCH_PREFIX))
        self._log_path = self._log_file or scratch / "engine.log"
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        with self._log_path.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "forgeledger.local.engine_process"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment(os.environ, scratch),
                pass_fds=self._held_open,
                start_new_session=True,  # Ctrl-C reaches only the owner, which stops it.
            )

    def _environment(self, inherited: Mapping[str, str], scratch: Path) -> dict[str, str]:
        # The user's AWS and engine settings must not change the emulation.
        prefixes = ("AWS_", "LOCALSTACK_", "MINISTACK_", "LAMBDA_")
        environment = {k: v for k, v in inherited.items() if not k.startswith(prefixes)}
        environment.pop("EDGE_PORT", None)
        environment.pop("SERVICES", None)
        environment.update(
            BIND_HOST=HOST,
            MINISTACK_HOST=HOST,
            MINISTACK_REGION=REGION,
            GATEWAY_PORT=str(self.port),
            LOG_LEVEL="WARNING",
            TMPDIR=str(scratch),
            **{SCRATCH_VARIABLE: str(scratch)},
            # Without this it removes containers that look like its own.
            DOCKER_HOST=f"unix://{scratch / 'no-docker.sock'}",
            IOT_MTLS_ENABLED="0",
            SFTP_ENABLED="0",
            PERSIST_STATE="1" if self._data_dir else "0",
            S3_PERSIST="1" if self._data_dir else "0",
            STATE_DIR=str((self._data_dir or scratch) / "state"),
            S3_DATA_DIR=str((self._data_dir or scratch) / "s3"),
        )
        return environment

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not self.running:
                return False
            if self._owns_its_port() and self._answers():
                return True
            time.sleep(0.02)
        return False

    def _owns_its_port(self) -> bool:
        """It writes this file after it has checked that the port is free."""
        scratch = self._scratch
        return scratch is not None and (scratch / f"ministack-{self.port}.pid").exists()

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", "/_ministack/ready")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()

    def _log_tail(self) -> str:
        if self._log_path is None or not self._log_path.exists():
            return "it left no log"
        lines = self._log_path.read_text(errors="replace").splitlines()
        return " | ".join(line.strip() for line in lines[-5:]) or "its log is empty"
