"""A small pool of PostgreSQL connections."""

import os
import queue
from contextlib import contextmanager

import psycopg
from psycopg.rows import dict_row

SIZE = 8
_idle = queue.LifoQueue()
_permits = queue.Queue()
for _ in range(SIZE):
    _permits.put(None)


def _open():
    return psycopg.connect(
        os.environ["DATABASE_URL"],
        row_factory=dict_row,
        autocommit=True,
        connect_timeout=2,
        application_name=os.environ.get("SERVICE_NAME", "service"),
    )


def _borrow():
    while True:
        try:
            connection = _idle.get_nowait()
        except queue.Empty:
            return _open()
        if not connection.closed:
            return connection


@contextmanager
def connected():
    """Give a connection on which each statement is a transaction of its own: one way to the database, not three."""
    permit = _permits.get(timeout=10)
    try:
        connection = _borrow()
        try:
            yield connection
        except psycopg.OperationalError:
            connection.close()
            forget_idle()  # after a restart of the database the others are dead too
            raise
        finally:
            if not connection.closed:
                _idle.put(connection)
    finally:
        _permits.put(permit)


@contextmanager
def transaction():
    """Give a connection; commit at the end, roll back on an error."""
    with connected() as connection, connection.transaction():
        yield connection


def forget_idle():
    while True:
        try:
            _idle.get_nowait().close()
        except queue.Empty:
            return


def rows(query, parameters=()):
    """Run one query; once more on a fresh connection if the old one was dead."""
    for last in (False, True):
        try:
            with connected() as connection:
                cursor = connection.execute(query, parameters)
                return cursor.fetchall() if cursor.description else []
        except psycopg.OperationalError:
            if last:
                raise


def row(query, parameters=()):
    found = rows(query, parameters)
    return found[0] if found else None
