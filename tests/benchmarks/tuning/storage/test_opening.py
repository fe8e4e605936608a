"""The storage of `--storage`: what is opened, how, and what is refused."""

from __future__ import annotations

import json
import socket
import sqlite3
import sys
import threading
import warnings
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import optuna
import pytest

from benchmarks.tuning.samplers import sampler
from benchmarks.tuning.storage.opening import open_storage
from benchmarks.tuning.storage.studies import open_study
from benchmarks.tuning.storage.trials import claim, finish
from benchmarks.tuning.storage.workers import Worker
from tests.benchmarks.tuning.storage.shared_study import (
    DEFAULT,
    PROTOCOL,
    SECRET,
    SPACE,
    refusal,
    some,
    study_of,
    train_all,
)


def test_by_default_a_journal_in_the_folder(tmp_path: Path) -> None:
    open_study(open_storage(None, tmp_path / "results" / "tuning"), "s", PROTOCOL, DEFAULT)
    assert len(study_of(tmp_path / "results" / "tuning" / "studies.journal").trials) == 1


def test_every_connection_to_sqlite_has_a_write_ahead_log_and_waits(tmp_path: Path) -> None:
    engine = open_storage(f"sqlite:///{tmp_path}/a{{b}} c.db", tmp_path).engine  # type: ignore[attr-defined]
    wanted = {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 60_000}
    with engine.connect() as one, engine.connect() as two:
        for connection in (one, two):
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
            connection.rollback()
            assert found == wanted


def test_a_transaction_has_the_sqlite_file_to_itself_before_it_reads(tmp_path: Path) -> None:
    engine = open_storage(f"sqlite:///{tmp_path}/x.db", tmp_path).engine  # type: ignore[attr-defined]
    with engine.begin(), closing(sqlite3.connect(tmp_path / "x.db", timeout=0)) as other:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        assert other.execute("SELECT count(*) FROM studies").fetchone() == (0,)  # a dashboard may read meanwhile


def test_a_file_that_another_process_changes_as_it_gets_its_log_is_waited_for(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")  # of which SQLite says at once, whatever the timeout, that the file is locked
    ours = sqlite3.connect(tmp_path / "x.db", timeout=60)
    with closing(ours), pytest.raises(sqlite3.OperationalError, match="locked"):
        ours.execute("PRAGMA journal_mode=WAL")
    release = threading.Timer(0.3, other.rollback)
    release.start()
    study_of(f"sqlite:///{tmp_path / 'x.db'}")
    release.join()
    other.close()


def test_what_cannot_be_opened_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text("epoch 1: loss 0.3")
    (tmp_path / "broken.journal").write_text('{"op_code": 0}\n{"op_c\n{"op_code": 0}\n')
    (tmp_path / "text.db").write_text("no database at all, and longer than the header of one" * 20)
    assert "nearest: postgresql" in refusal(f"postgres://me:{SECRET}@host/x")
    assert "nearest" in refusal(f"mongodb://me:{SECRET}@host/x")
    assert "HOST:PORT" in refusal(f"postgresql://me@host:{SECRET}/x")
    assert "%40" in refusal("postgresql://me:open@sesame@host/x")
    assert "ends in .journal" in refusal(str(tmp_path / "x.db"))
    assert "no journal" in refusal(str(tmp_path / "train.log"))
    assert (tmp_path / "train.log").read_text() == "epoch 1: loss 0.3"
    assert "broken.journal" in refusal(str(tmp_path / "broken.journal"))
    assert "lost" in refusal("sqlite://")
    assert "unable to open" in refusal(f"sqlite:///{tmp_path}/no/x.db")
    assert "not a database" in refusal(f"sqlite:///{tmp_path}/text.db")


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("psycopg", "MySQLdb"):
        monkeypatch.setitem(sys.modules, module, None)
    assert "pip install 'psycopg[binary]'" in refusal(f"postgresql://me:{SECRET}@127.0.0.1:1/x")
    assert "pip install 'mysqlclient'" in refusal(f"mysql://me:{SECRET}@127.0.0.1:1/x")


def test_a_server_that_does_not_answer_is_named() -> None:
    pytest.importorskip("psycopg")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port} cannot be reached" in refusal(f"postgresql://me:{SECRET}@127.0.0.1:{port}/x")
        assert "***" in refusal(f"postgresql://127.0.0.1:{port}/{SECRET}?sslpassword={SECRET}&sslmode={SECRET}")


@pytest.mark.parametrize("rest", [b'{"op_code":4,"wor', b"{"])
def test_half_a_line_of_a_killed_writer_does_no_harm(tmp_path: Path, rest: bytes) -> None:
    path = tmp_path / "x.journal"
    before = study_of(path)
    with path.open("ab") as file:
        file.write(rest)
    after = study_of(path)
    assert [t.number for t in some(after, 2, Worker.here()) + some(before, 1, Worker.here())] == [0, 1, 2]
    assert len(study_of(path).trials) == len(before.trials) == 3


def test_the_lock_of_a_journal_at_a_relative_path_can_be_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lock = open_storage("sub/x.journal", tmp_path)._backend._lock  # type: ignore[attr-defined]
    lock.acquire()
    assert Path("sub/x.journal.lock").stat().st_mtime > 0  # Optuna waits for it to grow old
    lock.release()


def test_a_server_that_refuses_us_does_not_give_the_password_away(server: str) -> None:
    assert "password authentication failed" in refusal(server.replace("ladder:", "somebody:") + "postgres")


def test_optuna_is_quiet_and_nobody_elses_warnings_are_touched(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = list(warnings.filters)
    optuna.logging.set_verbosity(optuna.logging.INFO)
    study = study_of(tmp_path / "x.journal")
    for trial in claim(study, 3, SPACE, 24, Worker.here(), partial(sampler, "qmc", 0)):
        finish(study, trial, 0.5)
    assert warnings.filters == before
    assert capfd.readouterr() == ("", "")
    optuna.logging.set_verbosity(optuna.logging.DEBUG)
    open_storage(None, tmp_path)
    assert optuna.logging.get_verbosity() == optuna.logging.DEBUG
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def ask(app: Any, path: str) -> Any:
    """The answer of a WSGI application to a GET, as JSON."""
    status: list[str] = []
    environment = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
    }
    body = b"".join(app(environment, lambda said, *_: status.append(said)))
    assert status == ["200 OK"], body
    return json.loads(body)


def test_optuna_dashboard_shows_our_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "pip install optuna-dashboard to test that it opens our studies"
    dashboard = pytest.importorskip("optuna_dashboard", reason=reason)
    command = pytest.importorskip("optuna_dashboard._cli", reason=reason)
    path = tmp_path / "x.journal"
    trials = train_all(str(path))
    apps: list[Any] = [dashboard.wsgi(open_storage(str(path), tmp_path))]
    monkeypatch.setattr(command, "run_wsgiref", lambda app, *_: apps.append(app))
    monkeypatch.setattr(sys, "argv", ["optuna-dashboard", str(path), "--server", "wsgiref"])
    command.main()
    assert len(apps) == 2
    for app in apps:
        (study,) = ask(app, "/api/studies")["study_summaries"]
        assert study["study_name"] == "s"
        shown = ask(app, f"/api/studies/{study['study_id']}")["trials"]
        assert [t["number"] for t in shown] == trials
        assert {p["name"]: p["param_external_value"] for p in shown[0]["params"]}["credit"] == "mc"
