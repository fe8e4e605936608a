"""The only module that talks to Optuna's storage: opens it, lets processes share a study, hands out its trials.

A study has `limit` seats. A trial holds one; a trial that is another one again (its process was killed) holds that one's.
User attributes of a trial

    worker    who works on it
    draw      the how-manyth draw of the study's sampler it is; none where its parameters were given
    asked     all of its parameters are known
    default   its parameters are the default's: trial 0, or that one again
    again     the number of the failed trial that it is again
    surplus   it was beyond the limit, was told FAIL and never trained

and of a study: `protocol`, `ready` (protocol and default are there), `tested` (the test seeds were used; set by whoever
uses them), "beat <worker>" (when it was last heard of), "released <number>" (when that trial of a dead worker was failed).
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy
import sqlalchemy.exc
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import DuplicatedStudyError, StorageInternalError, UpdateFinishedTrialError
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalFileSymlinkLock
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from envs.validation import UnknownName, UsageError

JOURNAL = "studies.journal"
JOURNAL_STARTS = b'{"op_code":'
DATABASES = ("postgresql", "mysql", "sqlite")
# driver -> pip's name
PACKAGES = {"psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary", "mysqldb": "mysqlclient"}
BUSY_S = 60  # how long SQLite waits for another process
SWITCH_S = 5.0  # how long another process may take to give a file its write-ahead log
CONNECT_S = 10
STEP_S = 10.0  # between two writes that follow each other; after that, whoever wrote the first is dead
BEAT_S = 30.0
GRACE_S = 600.0  # without a beat for this long, a worker on another host is dead


def open_storage(url: str | None, folder: Path) -> BaseStorage:
    """The storage of `--storage`: a journal (a path, by default one in `folder`), SQLite, or a database server.

    Raises ValueError, one line that never holds a password, where it cannot be opened.
    """
    if optuna.logging.get_verbosity() == optuna.logging.INFO:  # Optuna's default; whoever chose another level keeps it
        optuna.logging.set_verbosity(optuna.logging.WARNING)
    if url is None:
        return _journal(folder / JOURNAL)
    if "://" in url:
        return _database(url)
    if Path(url).suffix in (".journal", ".log"):
        return _journal(Path(url))
    raise UsageError(
        "a storage is a path that ends in .journal or .log, sqlite:///FILE, or postgresql://USER@HOST/NAME"
    )


def _journal(path: Path) -> JournalStorage:
    path = path.absolute()  # Optuna's lock is a link to it, and waits forever for one that points nowhere
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            with path.open("rb") as file:
                head = file.read(len(JOURNAL_STARTS))
            if head != JOURNAL_STARTS[: len(head)]:
                raise UsageError("it is no journal of Optuna's")
        return JournalStorage(JournalFileBackend(str(path), lock_obj=_JournalLock(path)))  # type: ignore[arg-type]
    except (OSError, ValueError, LookupError, TypeError, AssertionError) as error:  # the last four: a damaged line
        raise UsageError(f"the journal {path} cannot be read: {error}") from None


class _JournalLock:
    """Optuna's lock of a journal, which takes away half a line before anybody writes the next.

    A writer that is killed, or whose disk is full, leaves a line without its end. Optuna reads on over it, but appends to
    that very line, and then the journal opens no more.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        windows = sys.platform == "win32"  # there, links are for administrators
        self._lock = JournalFileOpenLock(str(path)) if windows else JournalFileSymlinkLock(str(path))

    def acquire(self) -> bool:
        self._lock.acquire()
        try:
            self._mend()
        except BaseException:
            self._lock.release()
            raise
        return True

    def release(self) -> None:
        self._lock.release()

    def _mend(self) -> None:
        with self._path.open("rb+") as file:
            if not file.seek(0, os.SEEK_END):
                return
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)


def _database(url: str) -> RDBStorage:
    address = _address(url)
    kind = address.get_backend_name()
    patience = {"sqlite": {"timeout": BUSY_S}, "postgresql": {"connect_timeout": CONNECT_S}}.get(kind, {})
    options = {
        "connect_args": {key: s for key, s in patience.items() if key not in address.query},
        "pool_pre_ping": kind != "sqlite",  # a server may have dropped a connection while a batch was trained
    }
    _reach(address, options)
    text = address.render_as_string(hide_password=False)
    for pause in (0.2, 0.4, 0.8, 1.6, None):
        try:
            storage = RDBStorage(text, engine_kwargs=options)
            break
        except RuntimeError as error:  # tables of another version of Optuna
            raise UsageError(f"{_place(address)}: {error}") from None
        except (sqlalchemy.exc.SQLAlchemyError, StorageInternalError) as error:
            if pause is None:
                raise UsageError(f"{_place(address)} cannot be used: {_reason(error, address)}") from None
            time.sleep(pause)  # another process makes the same tables at this moment
    if kind == "sqlite":
        _serialise(storage.engine)
        storage.engine.dispose()  # its connections so far were opened without
    return storage


def _address(url: str) -> sqlalchemy.URL:
    """The URL in parts; its driver is installed."""
    scheme = url.partition("://")[0]
    try:
        address = sqlalchemy.make_url(url)
        if address.drivername == "postgresql":  # the driver that we name, whatever the default of this SQLAlchemy
            address = address.set(drivername="postgresql+psycopg")
        dialect = address.get_dialect()
    except sqlalchemy.exc.NoSuchModuleError:
        raise UnknownName("database", scheme, DATABASES) from None
    except (sqlalchemy.exc.ArgumentError, ValueError):  # their words would hold part of the URL
        raise UsageError(f"the URL {scheme}://... is not of the form {scheme}://USER:PASSWORD@HOST:PORT/NAME") from None
    if dialect.name == "sqlite" and address.database in (None, "", ":memory:"):
        raise UsageError("a study in memory would be lost: give sqlite:///FILE")
    if dialect.name != "sqlite" and url.count("@") > 1:
        raise UsageError(f"the URL {scheme}://... has more than one @: write those of the password as %40")
    try:
        dialect.import_dbapi()
    except ImportError:
        package = PACKAGES.get(dialect.driver, dialect.driver)
        raise UsageError(f"{scheme} needs a package that is not installed: pip install '{package}'") from None
    return address


def _reach(address: sqlalchemy.URL, options: Mapping[str, Any]) -> None:
    """Connect once. A file of SQLite's gets its write-ahead log here, before it has tables."""
    engine = sqlalchemy.create_engine(address, **options)
    if engine.name == "sqlite":
        _serialise(engine)
    try:
        engine.connect().close()
    except (sqlalchemy.exc.SQLAlchemyError, sqlite3.Error) as error:
        raise UsageError(f"{_place(address)} cannot be reached: {_reason(error, address)}") from None
    finally:
        engine.dispose()


def _place(address: sqlalchemy.URL) -> str:
    if address.get_backend_name() == "sqlite":
        return f"the SQLite file {address.database}"
    return f"the {address.get_backend_name()} server at {address.host or 'this machine'}:{address.port or 'its usual port'}"


def _reason(error: BaseException, address: sqlalchemy.URL) -> str:
    """The driver's own words on one line, without passwords."""
    while error.__cause__ is not None:
        error = error.__cause__
    words = " ".join(str(error).split())
    for secret in (address.password, *(v for k, v in address.query.items() if "pass" in k.lower())):
        words = words.replace(str(secret), "***") if secret else words
    return words


def _serialise(engine: sqlalchemy.Engine) -> None:
    """SQLite: a write-ahead log, no wait for the disk at every commit, and each transaction has the file to itself from
    its first word. Optuna takes an enqueued trial by reading its state and then writing it, in the belief that the row is
    locked in between; SQLite ignores that lock, and two processes would take the same trial."""

    @sqlalchemy.event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        connection.isolation_level = None  # sqlite3 begins no transactions of its own
        _log_ahead(connection)
        connection.execute("PRAGMA synchronous=NORMAL")

    @sqlalchemy.event.listens_for(engine, "begin")
    def begun(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _log_ahead(connection: sqlite3.Connection) -> None:
    """A write-ahead log. Where another process gives the file its own at this moment, SQLite does not wait for it as it
    does elsewhere (each would wait for the other): it says at once that the file is locked."""
    until = time.monotonic() + SWITCH_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


@dataclass(frozen=True)
class Worker:
    """A process that works on a study."""

    host: str
    space: str  # of process ids: a container may share its host's name and see none of its processes
    pid: int
    started: str  # which of all processes that had this pid; "" where that cannot be known

    @staticmethod
    def here() -> Worker:
        """This process."""
        try:
            space = str(Path("/proc/self/ns/pid").readlink())
        except OSError:
            space = ""
        return Worker(socket.gethostname(), space, os.getpid(), _started(os.getpid()))

    @property
    def key(self) -> str:
        """The user attribute of the study that says when it was last heard of."""
        return f"beat {self.host} {self.pid} {self.started}"

    def alive(self, here: Worker, attributes: Mapping[str, Any]) -> bool:
        """As `here` can tell: of its own machine exactly, of others by the beats among the study's attributes."""
        if self.started and (self.host, self.space) == (here.host, here.space):
            return _started(self.pid) == self.started
        return time.time() - attributes.get(self.key, 0.0) < GRACE_S


def _started(pid: int) -> str:
    """A word for when the process with this pid started; "" where there is none (a zombie is none)."""
    if not Path("/proc/self/stat").exists():
        return _started_by_ps(pid)
    try:
        after_name = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].decode().split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()  # field 22 counts from the boot
    except OSError:
        return ""
    return "" if after_name[0] in "ZX" else f"{boot} {after_name[22 - 3]}"


def _started_by_ps(pid: int) -> str:
    """The same where there is no /proc (macOS); always "" where there is no ps either (Windows)."""
    command = ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid)]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    except OSError:
        return ""
    state, _, start = said.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else start.strip()


def open_study(storage: BaseStorage, name: str, protocol: Mapping[str, Any], default: Mapping[str, Any]) -> Study:
    """The maximising study of that name, made if there is none, with the default configuration as its trial 0.

    Raises UsageError where the study has another protocol. Its `trials` may grow until the test seeds have been used.
    """
    asked: dict[str, Any] = json.loads(json.dumps(protocol))
    try:
        study = optuna.create_study(storage=storage, study_name=name, direction="maximize")
        _furnish(study, asked, default)
    except DuplicatedStudyError:
        study = optuna.load_study(storage=storage, study_name=name)
        end = time.monotonic() + STEP_S
        while not (ready := "ready" in study.user_attrs) and time.monotonic() < end:
            time.sleep(0.05)
        if not ready:
            _furnish(study, asked, default)  # whoever made it died over it
    _agree(study, asked)
    return study


def _furnish(study: Study, protocol: Mapping[str, Any], default: Mapping[str, Any]) -> None:
    """What a new study needs, in steps of which any may have been done. Two processes may do one at the same time: of two
    defaults, `claim` drops the second."""
    trials, ours = study.get_trials(deepcopy=False), "protocol" in study.user_attrs
    if study.directions != [StudyDirection.MAXIMIZE] or (trials and not ours):
        raise UsageError(f"the study {study.study_name!r} was made by another program; give another --study name")
    if not ours:
        study.set_user_attr("protocol", protocol)
    if not trials:
        study.enqueue_trial(dict(default), user_attrs={"default": True})
    study.set_user_attr("ready", True)


def _agree(study: Study, asked: Mapping[str, Any]) -> None:
    """Raise ValueError unless the study has the protocol that is asked for; let its trials grow."""
    attributes, elsewhere = study.user_attrs, "give another --study name"
    has = attributes["protocol"]
    grows = "trials" in has and "trials" in asked and asked["trials"] > has["trials"]
    differing = [
        f"{key} {json.dumps(has.get(key))} (asked for: {json.dumps(asked.get(key))})"
        for key in sorted(has.keys() | asked.keys())
        if has.get(key) != asked.get(key) and not (grows and key == "trials")
    ]
    if differing:
        raise UsageError(f"the study {study.study_name!r} has another protocol: {', '.join(differing)}; {elsewhere}")
    if grows and attributes.get("tested"):
        raise UsageError(
            f"the test seeds of the study {study.study_name!r} have been used: it cannot grow; {elsewhere}"
        )
    if grows:
        study.set_user_attr("protocol", asked)


def claim(
    study: Study,
    count: int,
    distributions: Mapping[str, BaseDistribution],
    limit: int,
    worker: Worker,
    sampler: Callable[[int], BaseSampler],
) -> list[Trial]:
    """Up to `count` trials for this worker, enqueued ones first, all parameters known; fewer where the study's `limit`
    is reached. sampler(draw) is what draws a new configuration.

    Over all processes at most `limit` trials are not FAIL: of trials made at the same moment the last are surplus.
    """
    beat(study, worker)  # before anybody can find a trial of it
    claimed: list[Trial] = []
    while len(claimed) < count and _room(study, limit):
        trial = study.ask()  # nothing is drawn yet
        try:
            trial.set_user_attr("worker", asdict(worker))
            trials = study.get_trials(deepcopy=False)  # by number
            if _is_surplus(trials, study.user_attrs, trial.number, limit):
                trial.set_user_attr("surplus", True)
                finish(study, trial, None, TrialState.FAIL)
                continue
            if distributions.keys() - trials[trial.number].system_attrs.get("fixed_params", {}).keys():
                draw = _next_draw(trials, trial.number)
                trial.set_user_attr("draw", draw)
                study.sampler = sampler(draw)
            for name, distribution in distributions.items():
                _suggest(trial, name, distribution)
            trial.set_user_attr("asked", True)
        except UpdateFinishedTrialError:  # another process took this one for dead: it has the trial now
            continue
        claimed.append(trial)
    return claimed


def _suggest(trial: Trial, name: str, distribution: BaseDistribution) -> None:
    match distribution:
        case FloatDistribution(low=low, high=high, step=step, log=log):
            trial.suggest_float(name, low, high, step=step, log=log)
        case IntDistribution(low=low, high=high, step=step, log=log):
            trial.suggest_int(name, low, high, step=step, log=log)
        case CategoricalDistribution(choices=choices):
            trial.suggest_categorical(name, choices)
        case _:
            raise TypeError(f"{name}: {distribution!r}")


def _room(study: Study, limit: int) -> bool:
    trials = study.get_trials(deepcopy=False)
    return any(t.state == TrialState.WAITING for t in trials) or len(_holders(trials, study.user_attrs)) < limit


def _is_surplus(trials: Sequence[FrozenTrial], attributes: Mapping[str, Any], number: int, limit: int) -> bool:
    """Whether another trial holds its seat, or `limit` lower seats are held. A seat never changes, and of those below it
    none comes to be held later, so that processes which look at different moments agree."""
    holders, seat = _holders(trials, attributes), _seats(trials)[number]
    return holders.get(seat) != number or sum(other < seat for other in holders) >= limit


def _holders(trials: Sequence[FrozenTrial], attributes: Mapping[str, Any]) -> dict[int, int]:
    """Seat -> the trial that holds it: one that is not failed, or is owed; of two, the finished or the earlier one."""
    owed = {t.number for t in _owed(trials, attributes)}
    holding = [t for t in trials if t.state != TrialState.FAIL or t.number in owed]
    seats, holders = _seats(trials), dict[int, int]()
    for trial in sorted(holding, key=lambda t: (not t.state.is_finished(), t.number)):
        holders.setdefault(seats[trial.number], trial.number)
    return holders


def _seats(trials: Sequence[FrozenTrial]) -> list[int]:
    """Of each trial, the number of the first of those that it is again."""
    seats: list[int] = []
    for trial in trials:
        again = 0 if "default" in trial.user_attrs else trial.user_attrs.get("again", trial.number)
        seats.append(seats[again] if again < trial.number else trial.number)
    return seats


def _next_draw(trials: Sequence[FrozenTrial], number: int) -> int:
    """The lowest draw that no trial has, leaving one each to the trials before this one which are about to take theirs.
    A draw whose process was killed before all parameters were known is made again."""
    taken, before = set(), 0
    for trial in trials:
        if "draw" in trial.user_attrs:
            if trial.state != TrialState.FAIL or "asked" in trial.user_attrs:
                taken.add(trial.user_attrs["draw"])
        elif trial.number < number and trial.state == TrialState.RUNNING and "fixed_params" not in trial.system_attrs:
            before += 1
    return next(itertools.islice((n for n in itertools.count() if n not in taken), before, None))


def finish(study: Study, trial: Trial | int, value: float | None, state: TrialState = TrialState.COMPLETE) -> bool:
    """Tell what came of a trial. False where it was told already: another process had taken this one for dead."""
    try:
        study.tell(trial, value, state)
    except UpdateFinishedTrialError:
        return False
    except ValueError:  # the same, seen in time, or a value that Optuna cannot take
        number = trial if isinstance(trial, int) else trial.number
        if study.get_trials(deepcopy=False)[number].state.is_finished():
            return False
        raise
    return True


def beat(study: Study, worker: Worker) -> None:
    """Say to other hosts that the worker lives; call it often, it writes at most every BEAT_S."""
    now = time.time()
    if abs(now - study.user_attrs.get(worker.key, 0.0)) >= BEAT_S:
        study.set_user_attr(worker.key, now)


def release(study: Study, worker: Worker) -> list[dict[str, Any]]:
    """Tell FAIL the trials that dead workers hold, and enqueue those whose parameters were known again, in the order of
    their numbers. Returns these parameters.

    Any number of processes may do so at the same time, and be killed over it: only one of them succeeds in telling FAIL,
    and enqueues; if it does not live to, whoever calls STEP_S later does.
    """
    attributes, mine = study.user_attrs, set()
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if _is_abandoned(trial, worker, attributes):
            study.set_user_attr(_released(trial.number), time.time())
            if finish(study, trial.number, None, TrialState.FAIL):
                mine.add(trial.number)
    attributes = study.user_attrs
    return [
        _enqueue_again(study, trial)
        for trial in _owed(study.get_trials(deepcopy=False), attributes)
        if trial.number in mine or abs(time.time() - attributes[_released(trial.number)]) > STEP_S
    ]


def give_back(study: Study, trials: Iterable[Trial]) -> None:
    """Release the trials of this process that it has not finished: somebody tries them again."""
    for trial in trials:
        frozen = study.get_trials(deepcopy=False)[trial.number]
        if frozen.state != TrialState.RUNNING:
            continue
        study.set_user_attr(_released(trial.number), time.time())
        if finish(study, trial, None, TrialState.FAIL):
            _enqueue_again(study, study.get_trials(deepcopy=False)[trial.number])


def unfinished(study: Study) -> bool:
    """Whether any trial is held, even by the dead, or waits to be."""
    trials = study.get_trials(deepcopy=False)
    return any(not t.state.is_finished() for t in trials) or bool(_owed(trials, study.user_attrs))


def _released(number: int) -> str:
    return f"released {number}"


def _is_abandoned(trial: FrozenTrial, here: Worker, attributes: Mapping[str, Any]) -> bool:
    if "worker" in trial.user_attrs:
        return not Worker(**trial.user_attrs["worker"]).alive(here, attributes)
    # Taken, and not yet signed. The clock of its host may be in another time zone: then a trial is failed that somebody
    # is just claiming, who finds out and claims another.
    return abs((datetime.now() - (trial.datetime_start or datetime.min)).total_seconds()) > STEP_S


def _owed(trials: Sequence[FrozenTrial], attributes: Mapping[str, Any]) -> list[FrozenTrial]:
    """The trials that were released, and are still to be enqueued again."""
    done = {t.user_attrs.get("again") for t in trials}
    return [
        t
        for t in trials
        if t.state == TrialState.FAIL
        and _released(t.number) in attributes
        and t.number not in done
        and "surplus" not in t.user_attrs
        and _given(t) is not None
    ]


def _given(trial: FrozenTrial) -> dict[str, Any] | None:
    """All parameters of a trial, where they are known."""
    return trial.params if "asked" in trial.user_attrs else trial.system_attrs.get("fixed_params")


def _enqueue_again(study: Study, trial: FrozenTrial) -> dict[str, Any]:
    """Study.enqueue_trial, which cannot keep the generation by which CMA-ES knows a trial."""
    given = dict(_given(trial) or {})
    default = {key: value for key, value in trial.user_attrs.items() if key == "default"}
    generation = {key: value for key, value in trial.system_attrs.items() if key.endswith(":generation")}
    study.add_trial(
        create_trial(
            state=TrialState.WAITING,
            system_attrs={**generation, "fixed_params": given},
            user_attrs={**default, "again": trial.number},
        )
    )
    return given
