"""One study, many processes: on a journal, SQLite and PostgreSQL, with some of the processes killed."""

from __future__ import annotations

import importlib.util
import json
import multiprocessing
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, RDBStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from benchmarks.tuning import storage
from benchmarks.tuning.samplers import KINDS, sampler
from benchmarks.tuning.storage import Worker
from benchmarks.tuning.storage.opening import open_storage
from benchmarks.tuning.storage.studies import open_study
from benchmarks.tuning.storage.trials import claim, finish, release

SPACE: dict[str, BaseDistribution] = {
    "rate": FloatDistribution(1e-4, 1e-1, log=True),
    "lam": FloatDistribution(0.0, 1.0),
    "layers": IntDistribution(1, 4),
    "credit": CategoricalDistribution(["td", "mc"]),
}
DEFAULT = {"rate": 0.01, "lam": 0.95, "layers": 2, "credit": "mc"}
PROTOCOL = {"trials": 24, "seeds": 5, "objective": "auc"}
SECRET = "open-sesame"
DEAD = Worker(Worker.here().host, Worker.here().space, os.getpid(), "an earlier process that had our pid")
random = partial(sampler, "random", 0)


def study_of(url: str | Path, protocol: dict[str, Any] = PROTOCOL) -> Study:
    opened.append(open_storage(str(url), Path("no folder")))
    return open_study(opened[-1], "s", protocol, DEFAULT)


opened: list[BaseStorage] = []


# The processes are forked from a server that has imported everything once: to import torch takes seconds, SQLAlchemy one.
processes = multiprocessing.get_context("forkserver")
databases = ["alembic.command", "alembic.migration", "alembic.script", "optuna.storages._rdb.models", "psycopg"]
processes.set_forkserver_preload(["benchmarks.tuning.samplers", "benchmarks.tuning.storage", "pytest", *databases])


@pytest.fixture(autouse=True, scope="module")
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


def start(url: str) -> list[tuple[int, bool]]:
    return [(t.number, "default" in t.user_attrs) for t in study_of(url).trials]


def some(study: Study, count: int, worker: Worker, limit: int = 24) -> list[optuna.Trial]:
    return claim(study, count, SPACE, limit, worker, random)


def not_failed(study: Study) -> list[FrozenTrial]:
    return [t for t in study.trials if t.state != TrialState.FAIL]


def train_all(url: str, beside: int = 0) -> list[int]:
    """Batches of four, until there are none; the second not before as many others have taken their first."""
    study, numbers = study_of(url), []
    while batch := some(study, 4, Worker.here()):
        numbers += [t.number for t in batch]
        assert all(finish(study, t, 0.5) for t in batch)
        while len({t.user_attrs["worker"]["pid"] for t in study.trials if "worker" in t.user_attrs}) <= beside:
            time.sleep(0.01)
    return numbers


# --storage


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


def refusal(url: str) -> str:
    """The one line with which a storage is refused; it does not hold the password."""
    with pytest.raises(ValueError, match=r"\S") as caught:
        open_storage(url, Path("no folder"))
    said = str(caught.value)
    assert "\n" not in said
    assert SECRET not in said
    assert "sesame" not in said
    assert caught.value.__suppress_context__ or caught.value.__context__ is None  # nor does a traceback
    return said


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


# one study


def test_another_protocol_is_refused_and_told_field_by_field(tmp_path: Path) -> None:
    study_of(tmp_path / "x.journal")
    other = {**PROTOCOL, "seeds": 7, "sampler": "tpe"}
    wanted = (
        r"'s' has another protocol: sampler null \(asked for: \"tpe\"\), seeds 5 \(asked for: 7\); give another --study"
    )
    with pytest.raises(ValueError, match=wanted):
        study_of(tmp_path / "x.journal", other)
    assert study_of(tmp_path / "x.journal").user_attrs["protocol"] == PROTOCOL


def test_trials_may_grow_until_the_test(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    study = study_of(path)
    assert study_of(path, {**PROTOCOL, "trials": 32}).user_attrs["protocol"]["trials"] == 32
    with pytest.raises(ValueError, match=r"trials 32 \(asked for: 24\)"):
        study_of(path)
    study.set_user_attr("tested", True)
    study_of(path, {**PROTOCOL, "trials": 32})
    with pytest.raises(ValueError, match="test seeds"):
        study_of(path, {**PROTOCOL, "trials": 40})
    assert study.user_attrs["protocol"]["trials"] == 32


@pytest.mark.parametrize("steps", range(4))
def test_a_study_whose_maker_died_is_finished_by_who_comes_next(
    tmp_path: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "STEP_S", 0.1)
    study = optuna.create_study(
        storage=open_storage(str(tmp_path / "x.journal"), tmp_path), study_name="s", direction="maximize"
    )
    if steps > 0:
        study.set_user_attr("protocol", PROTOCOL)
    if steps > 1:
        study.enqueue_trial(DEFAULT, user_attrs={"default": True})
    if steps > 2:
        study.set_user_attr("ready", True)
    assert start(str(tmp_path / "x.journal")) == [(0, True)]
    assert study.user_attrs == {"protocol": PROTOCOL, "ready": True}


def test_the_study_of_another_program_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "STEP_S", 0.1)
    study = optuna.create_study(storage=open_storage(str(tmp_path / "x.journal"), tmp_path), study_name="s")
    with pytest.raises(ValueError, match="another program"):
        study_of(tmp_path / "x.journal")
    assert not study.user_attrs


def test_a_maker_that_was_only_slow_leaves_a_second_default_which_is_never_trained(tmp_path: Path) -> None:
    study = study_of(tmp_path / "x.journal")
    study.enqueue_trial(DEFAULT, user_attrs={"default": True})
    claimed = some(study, 3, Worker.here())
    assert [t.number for t in claimed] == [0, 2, 3]
    assert study.trials[1].state == TrialState.FAIL
    assert study.trials[1].user_attrs["surplus"]


# claims


def test_of_trials_made_at_the_same_moment_the_last_are_surplus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(tmp_path / "x.journal")
    looks = iter([True, True, True, False])  # whoever looks sees room, as all do who look at once
    monkeypatch.setattr(storage, "_room", lambda *_: next(looks))
    assert [t.number for t in some(study, 3, Worker.here(), limit=2)] == [0, 1]
    assert study.trials[2].state == TrialState.FAIL
    assert study.trials[2].user_attrs["surplus"]
    assert not study.trials[2].params


def test_a_study_is_unfinished_while_a_trial_waits_or_is_held(tmp_path: Path) -> None:
    study = study_of(tmp_path / "x.journal")
    assert storage.unfinished(study)
    (trial,) = some(study, 1, Worker.here())
    assert storage.unfinished(study)
    finish(study, trial, 0.5)
    assert not storage.unfinished(study)


def test_a_failed_trial_makes_room_for_another(tmp_path: Path) -> None:
    study = study_of(tmp_path / "x.journal")
    first = some(study, 9, Worker.here(), limit=3)
    assert len(first) == 3
    assert finish(study, first[1], None, TrialState.FAIL)
    (more,) = some(study, 9, Worker.here(), limit=3)
    assert more.params not in [t.params for t in first]


def test_a_trial_that_another_process_failed_is_not_told_twice(tmp_path: Path) -> None:
    study = study_of(tmp_path / "x.journal")
    trial = some(study, 1, Worker.here())[0]
    study_of(tmp_path / "x.journal").tell(0, state=TrialState.FAIL)
    assert not finish(study, trial, 0.5)
    assert not finish(study, 0, None, TrialState.FAIL)
    assert study.trials[0].value is None


def test_a_value_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    study = study_of(tmp_path / "x.journal")
    with pytest.raises(ValueError, match="nan"):
        finish(study, some(study, 1, Worker.here())[0], float("nan"))


def test_what_is_given_back_is_tried_again_unless_it_is_told(tmp_path: Path) -> None:
    study = study_of(tmp_path / "x.journal")
    trials = some(study, 4, Worker.here())
    finish(study, trials[1], 0.5)
    study_of(tmp_path / "x.journal").tell(2, state=TrialState.FAIL)
    storage.give_back(study, trials)
    assert [t.state for t in study.trials[:4]] == [
        TrialState.FAIL,
        TrialState.COMPLETE,
        TrialState.FAIL,
        TrialState.FAIL,
    ]
    assert [t.params for t in some(study, 2, Worker.here())] == [trials[0].params, trials[3].params]


def test_a_claim_that_is_failed_half_way_goes_on_with_another(tmp_path: Path) -> None:
    study, other = study_of(tmp_path / "x.journal"), study_of(tmp_path / "x.journal")

    def interrupted(draw: int) -> BaseSampler:
        if len(other.trials) == 2:
            other.tell(1, state=TrialState.FAIL)
        return random(draw)

    claimed = claim(study, 3, SPACE, 24, Worker.here(), interrupted)
    assert [t.number for t in claimed] == [0, 2, 3]
    assert study.trials[2].user_attrs["draw"] == 0  # trial 1 had it, and did not get to ask


# the dead


def test_a_configuration_that_was_lost_twice_is_asked_a_third_time(tmp_path: Path) -> None:
    study, here = study_of(tmp_path / "x.journal"), Worker.here()
    params = [t.params for t in some(study, 3, DEAD, limit=3)]
    for _ in range(2):
        assert release(study, here) == params
        assert [t.params for t in some(study, 3, DEAD, limit=3)] == params
    assert len(study.trials) == 9
    assert release(study, here) == params
    assert [t.params for t in some(study, 9, here, limit=3)] == params


@pytest.mark.parametrize("enqueued", [False, True])
def test_who_is_killed_over_a_release_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enqueued: bool
) -> None:
    study, here = study_of(tmp_path / "x.journal"), Worker.here()
    (lost, *_) = some(study, 2, DEAD)
    with monkeypatch.context() as killed:
        killed.setattr(storage, "_enqueue_again", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            release(study, here)
    assert release(study, here) == []  # by whoever is about to
    assert storage.unfinished(study)
    assert len(some(study, 9, here, limit=2)) == 0  # nobody takes their seats
    monkeypatch.setattr(storage, "STEP_S", 0.0)
    if enqueued:  # it was only slow: the second of two that are the same trial again is surplus
        study.enqueue_trial(lost.params, user_attrs={"again": 0, "default": True})
        release(study, here)
        study.enqueue_trial(lost.params, user_attrs={"again": 0, "default": True})
    else:
        assert release(study, here)[0] == lost.params
    assert sorted(study.trials[t.number].user_attrs["again"] for t in some(study, 9, here, limit=2)) == [0, 1]
    assert len(not_failed(study)) == 2


def test_who_is_killed_between_taking_a_trial_and_signing_it_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(tmp_path / "x.journal")
    study.ask()
    study.ask()
    assert release(study, Worker.here()) == []
    assert [t.state for t in study.trials] == [TrialState.RUNNING] * 2
    monkeypatch.setattr(storage, "STEP_S", 0.0)
    assert release(study, Worker.here()) == [DEFAULT]  # nothing is known of the other one
    assert [t.state for t in study.trials] == [TrialState.FAIL, TrialState.FAIL, TrialState.WAITING]


def test_a_worker_elsewhere_lives_while_it_beats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study, here = study_of(tmp_path / "x.journal"), Worker.here()
    there = Worker("another host", here.space, here.pid, here.started)
    container = Worker(here.host, "pid:[1]", 1, here.started)
    for worker in (there, container):
        some(study, 1, worker)
    assert release(study, here) == []
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + storage.BEAT_S - 1)
    storage.beat(study, there)
    assert study.user_attrs[there.key] < now + 1  # too early
    monkeypatch.setattr(time, "time", lambda: now + 100)
    storage.beat(study, there)
    monkeypatch.setattr(time, "time", lambda: now + storage.GRACE_S + 99)
    assert len(release(study, here)) == 1
    assert [t.state for t in study.trials[:2]] == [TrialState.RUNNING, TrialState.FAIL]
    monkeypatch.setattr(time, "time", lambda: now + storage.GRACE_S + 101)
    assert release(study, here) == [DEFAULT]


def test_a_worker_is_known_by_more_than_its_pid() -> None:
    here = Worker.here()
    assert here.alive(here, {})
    assert not DEAD.alive(here, {})
    assert Worker(**json.loads(json.dumps(here.__dict__))) == here


@pytest.mark.parametrize("started", [storage._started, storage._started_by_ps])
def test_a_corpse_that_nobody_has_buried_is_dead(started: Callable[[int], str]) -> None:
    if not shutil.which("ps"):
        pytest.skip("there is no ps")
    child = subprocess.Popen(["sleep", "60"])
    first = started(child.pid)
    assert first
    assert started(child.pid) == first
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert started(child.pid) == ""
    child.wait()
    assert started(child.pid) == ""


# samplers


def score(params: dict[str, Any]) -> float:
    return -((params["lam"] - 0.3) ** 2) - (params["layers"] - 3) ** 2 + (params["credit"] == "td")


def asked(path: Path, kind: str, seed: int, batches: tuple[int, ...], killed: bool = False) -> list[dict[str, Any]]:
    """The configurations of a study; before the last batch, a process may have been killed over it."""
    study, draws = study_of(path), partial(sampler, kind, seed)
    for count in batches:
        if killed and count == batches[-1]:
            claim(study, 2, SPACE, 15, DEAD, draws)
            release(study, Worker.here())
        for trial in claim(study, count, SPACE, 15, Worker.here(), draws):
            finish(study, trial, score(trial.params))
    return [t.params for t in not_failed(study)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_decides_what_is_asked_and_a_kill_does_not(tmp_path: Path, kind: str) -> None:
    if kind == "cma":
        pytest.importorskip("cmaes", reason="pip install cmaes to test its sampler")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whole = asked(tmp_path / "a.journal", kind, 0, (12, 3))
    resumed = asked(tmp_path / "b.journal", kind, 0, (12, 3), killed=True)
    assert whole[0] == DEFAULT
    assert len({json.dumps(params) for params in whole}) == len(whole) == 15
    if kind == "cma":  # it reads the trial's number
        resumed[-1:] = whole[-1:]
    assert resumed == whole
    other = asked(tmp_path / "c.journal", kind, 1, (12,))
    assert not any(params in whole for params in other[1:])


def test_a_lost_trial_stays_in_its_generation_of_cma_es(tmp_path: Path) -> None:
    pytest.importorskip("cmaes", reason="pip install cmaes to test its sampler")
    study, draws = study_of(tmp_path / "x.journal"), partial(sampler, "cma", 0)
    for trial in claim(study, 2, SPACE, 24, Worker.here(), draws):
        finish(study, trial, score(trial.params))
    claim(study, 1, SPACE, 24, DEAD, draws)
    release(study, Worker.here())
    assert [t.system_attrs.get("cma:generation") for t in study.trials] == [None, None, 0, 0]


def test_sobol_points_are_those_of_one_sequence(tmp_path: Path) -> None:
    store = open_storage(None, tmp_path)
    study, other = (open_study(store, name, PROTOCOL, {"x": 0.5, "y": 0.5}) for name in "ab")
    unit = {"x": FloatDistribution(0.0, 1.0), "y": FloatDistribution(0.0, 1.0)}
    trials = claim(study, 17, unit, 17, Worker.here(), partial(sampler, "qmc", 0))
    for axis in unit:  # of 16 points, one in each sixteenth
        assert sorted(int(16 * t.params[axis]) for t in trials[1:]) == list(range(16))
    later = claim(other, 2, unit, 17, Worker.here(), lambda draw: sampler("qmc", 0, draw + 15))
    assert later[1].params == trials[16].params  # by its draw, not by how many points the study has seen


def test_samplers_that_there_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="unknown sampler 'tep'; nearest: tpe"):
        sampler("tep", 0, 0)
    monkeypatch.setitem(sys.modules, "cmaes", None)
    with pytest.raises(ValueError, match="pip install cmaes"):
        sampler("cma", 0, 0)


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


# optuna-dashboard


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


# several processes


def together(work: Callable[[Any], Any], *arguments: Any) -> list[Any]:
    """work(argument) in a process each, all at the same moment; what they return."""
    barrier, ends = processes.Barrier(len(arguments)), []
    for argument in arguments:
        here, there = processes.Pipe()
        processes.Process(target=_answer, args=(there, work, argument, barrier), daemon=True).start()
        there.close()
        ends.append(here)
    return [end.recv() for end in ends]  # EOFError where it died


def _answer(end: Any, work: Callable[[Any], Any], argument: Any, barrier: Any) -> None:
    barrier.wait(240)
    end.send(work(argument))


class Process:
    """Another process, which does work(argument), says what came of it, and lives on until it is killed."""

    def __init__(self, work: Callable[[Any], Any], argument: Any) -> None:
        here, there = processes.Pipe()
        self._process = processes.Process(target=_answer_and_live, args=(there, work, argument), daemon=True)
        self._process.start()
        there.close()
        self.said = here.recv()

    def kill(self) -> None:
        self._process.kill()  # SIGKILL
        self._process.join()


def _answer_and_live(end: Any, work: Callable[[Any], Any], argument: Any) -> None:
    end.send(work(argument))
    time.sleep(600)


@pytest.fixture(scope="module")
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


def test_a_server_that_refuses_us_does_not_give_the_password_away(server: str) -> None:
    assert "password authentication failed" in refusal(server.replace("ladder:", "somebody:") + "postgres")


def test_two_processes_that_start_at_once_make_one_study_with_one_default(url: str) -> None:
    assert together(start, url, url) == [[(0, True)]] * 2
    study = study_of(url)
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE
    assert some(study, 1, Worker.here())[0].params == DEFAULT


def test_two_processes_never_take_the_same_trial_and_stop_at_the_limit(url: str) -> None:
    study = study_of(url)
    for _ in range(7):
        study.enqueue_trial(DEFAULT)
    one, two = together(partial(train_all, beside=1), url, url)
    assert one
    assert two
    assert sorted(one + two) == [t.number for t in study.trials if t.state == TrialState.COMPLETE]
    assert len(one + two) == 24
    assert [t.number for t in study.trials if "default" in t.user_attrs] == [0]
    assert sorted(t.user_attrs["draw"] for t in study.trials if "draw" in t.user_attrs) == list(range(16))
    assert all(t.user_attrs["surplus"] for t in study.trials if t.state != TrialState.COMPLETE)


def hold(url: str) -> list[dict[str, Any]]:
    study = study_of(url)
    held = some(study, 5, Worker.here())
    assert finish(study, held[1], 0.5)
    return [t.params for t in held]


def release_here(url: str) -> list[dict[str, Any]]:
    return release(study_of(url), Worker.here())


@pytest.mark.parametrize("url", ["journal", "postgresql"], indirect=True)
def test_what_a_killed_process_held_is_asked_again_in_order(url: str) -> None:
    study, here = study_of(url), Worker.here()
    mine = some(study, 2, here)
    living, killed = Process(hold, url), Process(hold, url)
    assert release(study, here) == []
    killed.kill()
    lost = [killed.said[i] for i in (0, 2, 3, 4)]
    assert release(study, here) == lost
    assert release(study, here) == []
    numbers = {t.number for t in study.trials if t.state == TrialState.RUNNING}
    assert numbers == {mine[0].number, mine[1].number, 2, 4, 5, 6}
    again = some(study, 4, here)
    assert [t.params for t in again] == lost
    assert [study.trials[t.number].user_attrs["again"] for t in again] == [7, 9, 10, 11]
    assert len(not_failed(study)) == 12
    living.kill()
    assert release(study, here) == [living.said[i] for i in (0, 2, 3, 4)]


def test_two_processes_that_release_at_once_enqueue_each_trial_once(url: str) -> None:
    killed = Process(hold, url)
    killed.kill()
    one, two = together(release_here, url, url)
    study = study_of(url)
    assert len(one + two) == 4
    assert sorted(t.user_attrs["again"] for t in study.trials if "again" in t.user_attrs) == [0, 2, 3, 4]
    claimed = [t.params for t in some(study, 4, Worker.here())]
    assert all(killed.said[i] in claimed for i in (0, 2, 3, 4))
    assert [t.params for t in not_failed(study) if "default" in t.user_attrs] == [DEFAULT]
    assert len(some(study, 9, Worker.here(), limit=7)) == 2  # each of the five counts once
