"""A second database beside the live one, and giving it the live one's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[Any]

_LONGEST_NAME = 63  # bytes; PostgreSQL cuts longer ones off silently


def spare_name(live: str, purpose: str) -> str:
    """Return the name of the database beside `live`; always the same, so that leftovers are found."""
    return f"{live[: _LONGEST_NAME - len(purpose) - 1]}_{purpose}"


def create_like(server: Session, live: str, name: str) -> None:
    """Create an empty database with the owner, encoding, locale, settings and rights of `live`."""
    provider = "CASE d.datlocprovider WHEN 'b' THEN 'builtin' WHEN 'i' THEN 'icu' ELSE 'libc' END"
    locale = _locale_column(server)
    _run_each(
        server,
        f"""SELECT format('CREATE DATABASE %%I TEMPLATE template0 OWNER %%I ENCODING %%L '
                          'LC_COLLATE %%L LC_CTYPE %%L LOCALE_PROVIDER %%s',
                          %(name)s::text, r.rolname, pg_encoding_to_char(d.encoding), d.datcollate,
                          d.datctype, {provider})
                   || CASE d.datlocprovider WHEN 'i' THEN format(' ICU_LOCALE %%L', {locale})
                                            WHEN 'b' THEN format(' BUILTIN_LOCALE %%L', {locale}) ELSE '' END
            FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = %(live)s""",
        live,
        name,
    )
    _copy_settings(server, live, name)
    _copy_rights(server, live, name)


def _locale_column(server: Session) -> str:
    # PostgreSQL 17 renamed it when the builtin provider came.
    return "d.datlocale" if server.info.server_version >= 170000 else "d.daticulocale"


def _copy_settings(server: Session, live: str, name: str) -> None:
    _run_each(
        server,
        """SELECT format('ALTER DATABASE %%I SET %%s = %%L', %(name)s::text, split_part(setting, '=', 1),
                         substr(setting, strpos(setting, '=') + 1))
           FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) setting
           WHERE d.datname = %(live)s AND s.setrole = 0""",
        live,
        name,
    )


def _copy_rights(server: Session, live: str, name: str) -> None:
    _run_each(
        server,
        """SELECT format('REVOKE ALL ON DATABASE %%I FROM PUBLIC', %(name)s::text) FROM pg_database
           WHERE datname = %(live)s AND datacl IS NOT NULL
           UNION ALL
           SELECT format('GRANT %%s ON DATABASE %%I TO %%s', acl.privilege_type, %(name)s::text,
                         CASE acl.grantee WHEN 0 THEN 'PUBLIC'
                                          ELSE quote_ident(pg_get_userbyid(acl.grantee)) END)
           FROM pg_database d, aclexplode(d.datacl) acl WHERE d.datname = %(live)s""",
        live,
        name,
    )


def _run_each(server: Session, query: LiteralString, live: str, name: str) -> None:
    for (statement,) in server.execute(query, {"live": live, "name": name}).fetchall():
        server.execute(statement)


def drop(server: Session, name: str) -> None:
    """Drop a database, and end whoever is connected to it; nothing happens if it is not there."""
    server.execute(_composed("DROP DATABASE IF EXISTS {} WITH (FORCE)", name))


def swap(server: Session, *, live: str, fresh: str, replaced: str, mark: str) -> int:
    """Rename `live` to `replaced` and `fresh` to `live` at one stroke; return how many sessions were ended.

    The mark stays as the comment of the restored database: by it a second try sees that it is done.
    """
    from psycopg import sql

    # Nobody may come back between the end of the sessions and the renaming, or it fails.
    server.execute(_composed("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", live))
    try:
        ended = _end_sessions(server, live)
        with server.transaction():
            server.execute(_composed("ALTER DATABASE {} RENAME TO {}", live, replaced))
            server.execute(_composed("ALTER DATABASE {} RENAME TO {}", fresh, live))
            server.execute(_composed("COMMENT ON DATABASE {} IS ", live) + sql.Literal(mark))
    except BaseException:
        open_again(server, live)
        raise
    return ended


def open_again(server: Session, name: str) -> None:
    """Let sessions connect to a database that `swap` closed."""
    server.execute(_composed("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true", name))


def _end_sessions(server: Session, name: str) -> int:
    # The renaming waits 5 s by itself for sessions that are ending; a timeout here waits for most of them.
    row = server.execute(
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
        "WHERE datname = %s AND pid <> pg_backend_pid()",
        [name],
    ).fetchone()
    return int(row[0]) if row else 0


def marked_as(server: Session, name: str, mark: str) -> bool:
    """Whether a database is the one that `swap` put in place with this mark."""
    query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
    row = server.execute(query, [name]).fetchone()
    return bool(row and row[0] == mark)


def row_counts(session: Session) -> dict[str, int]:
    """Return the exact number of rows of every table, by schema and name."""
    from psycopg import sql

    tables = session.execute(
        "SELECT schemaname, tablename FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
    ).fetchall()
    counts = {}
    for schema, table in tables:
        row = session.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
        ).fetchone()
        counts[f"{schema}.{table}"] = int(row[0]) if row else 0
    return counts


def _composed(text: LiteralString, *names: str) -> Any:
    from psycopg import sql

    return sql.SQL(text).format(*(sql.Identifier(name) for name in names))
