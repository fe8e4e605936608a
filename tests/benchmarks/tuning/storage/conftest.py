"""Storages of every kind, and the server that other processes are forked from."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest
from optuna.storages import RDBStorage

from tests.benchmarks.tuning.storage.shared_study import SECRET, opened


@pytest.fixture(autouse=True, scope="session")
def warm() -> None:
    """The server of processes imports while the first tests run."""
    forkserver.ensure_running()


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Connections do not outlive their test."""
    yield
    for each in opened:
        if isinstance(each, RDBStorage):
            each.engine.dispose()
    opened.clear()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL server of our own, without a name: .../ is to be followed by a database's."""
    found = [shutil.which("initdb"), *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")))]
    if not (initdb := next(filter(None, found), None)):
        pytest.skip(
            "PostgreSQL is not installed: apt-get install postgresql (Debian's package) to test studies on a server"
        )
    if not importlib.util.find_spec("psycopg"):
        pytest.skip("the driver is not installed: pip install 'psycopg[binary]' to test studies on a PostgreSQL server")
    import psycopg

    folder = Path(tempfile.mkdtemp(prefix="pg"))  # a short path: a socket's may have about 100 characters
    (folder / "password").write_text(SECRET)
    other: dict[str, Any] = {}
    if os.getuid() == 0:  # the server refuses to run as root
        names = {entry.pw_name: entry for entry in pwd.getpwall()}
        user = names.get("postgres") or names["nobody"]
        other = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        for path in (folder, folder / "password"):
            os.chown(path, user.pw_uid, user.pw_gid)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    make = [initdb, "-D", folder / "data", "-U", "ladder", "--pwfile", folder / "password", "-A", "scram-sha-256", "-N"]
    subprocess.run(make, check=True, capture_output=True, cwd="/", **other)
    settings = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=127.0.0.1"]
    words = [str(Path(initdb).resolve().with_name("postgres")), "-D", folder / "data", "-p", str(port), "-k", folder]
    for setting in settings:
        words += ["-c", setting]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(words, stdout=log, stderr=log, cwd="/", **other)
    try:
        url = f"postgresql://ladder:{SECRET}@127.0.0.1:{port}/"
        end = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(url + "postgres").close()
                break
            except psycopg.OperationalError:
                if running.poll() is not None or time.monotonic() > end:
                    raise RuntimeError((folder / "log").read_text()) from None
                time.sleep(0.05)
        yield url
    finally:
        running.send_signal(signal.SIGQUIT)
        running.wait()
        shutil.rmtree(folder)


@pytest.fixture(params=["journal", "sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A storage that does not exist yet, or an empty database."""
    if request.param == "journal":
        return str(tmp_path / "new" / "x.journal")
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'x.db'}"
    server = request.getfixturevalue("server")
    import psycopg

    name = f"n{time.time_ns()}"
    with psycopg.connect(server + "postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server + name
