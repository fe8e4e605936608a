"""Optuna's storage in SQLite or on a database server, safe for several processes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy
import sqlalchemy.exc
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage

from envs.validation import UnknownName, UsageError

DATABASES = ("postgresql", "mysql", "sqlite")
# driver -> pip's name
PACKAGES = {"psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary", "mysqldb": "mysqlclient"}
BUSY_S = 60  # how long SQLite waits for another process
SWITCH_S = 5.0  # how long another process may take to give a file its write-ahead log
CONNECT_S = 10
RETRY_S = (0.2, 0.4, 0.8, 1.6, 0.0)


def open_database(url: str) -> RDBStorage:
    """The storage at a URL, with its tables. UsageError where there is none, without a password."""
    address = _address(url)
    kind = address.get_backend_name()
    patience = {"sqlite": {"timeout": BUSY_S}, "postgresql": {"connect_timeout": CONNECT_S}}.get(kind, {})
    options = {
        "connect_args": {key: s for key, s in patience.items() if key not in address.query},
        "pool_pre_ping": kind != "sqlite",  # a server may have dropped a connection while a batch was trained
    }
    _check_connection(address, options)
    storage = _with_tables(address, options)
    if kind == "sqlite":
        _use_immediate_transactions(storage.engine)
        storage.engine.dispose()  # its connections so far were opened without
    return storage


def _with_tables(address: sqlalchemy.URL, options: Mapping[str, Any]) -> RDBStorage:
    """Optuna's storage, which makes its tables; tried again where another process makes the same at this moment."""
    text = address.render_as_string(hide_password=False)
    for pause in RETRY_S:
        try:
            return RDBStorage(text, engine_kwargs=dict(options))
        except RuntimeError as error:  # tables of another version of Optuna
            raise UsageError(f"{_location(address)}: {error}") from None
        except (sqlalchemy.exc.SQLAlchemyError, StorageInternalError) as error:
            reason = _reason(error, address)
        time.sleep(pause)
    raise UsageError(f"{_location(address)} cannot be used: {reason}")


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


def _check_connection(address: sqlalchemy.URL, options: Mapping[str, Any]) -> None:
    """Connect once. A file of SQLite's gets its write-ahead log here, before it has tables."""
    engine = sqlalchemy.create_engine(address, **options)
    if engine.name == "sqlite":
        _use_immediate_transactions(engine)
    try:
        engine.connect().close()
    except (sqlalchemy.exc.SQLAlchemyError, sqlite3.Error) as error:
        raise UsageError(f"{_location(address)} cannot be reached: {_reason(error, address)}") from None
    finally:
        engine.dispose()


def _location(address: sqlalchemy.URL) -> str:
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


def _use_immediate_transactions(engine: sqlalchemy.Engine) -> None:
    """SQLite: a write-ahead log, no wait for the disk at every commit, and a lock from the start of each transaction.

    Optuna takes an enqueued trial by reading its state and then writing it, as if the row were locked in between. SQLite
    ignores that lock, and two processes would take the same trial.
    """

    @sqlalchemy.event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        connection.isolation_level = None  # sqlite3 begins no transactions of its own
        _use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous=NORMAL")

    @sqlalchemy.event.listens_for(engine, "begin")
    def begun(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the file to a write-ahead log.

    Where another process does so at this moment, SQLite does not wait for it as it usually does (each would wait for the
    other): it says at once that the file is locked.
    """
    until = time.monotonic() + SWITCH_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
