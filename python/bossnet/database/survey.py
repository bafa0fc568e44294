"""The survey's own tables, in another schema of the database: views show them under our names.

Nothing of the survey's is altered, and no role gets a right on it: views read with the rights of
their owner, who ran `astra init`. Where versions of the survey's tables differ, the views do not:
they have every column of the survey, and besides whatever this package looks for.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import peewee
from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from bossnet.database import models
from bossnet.database.schema import LOCK, readable_errors, wait_for_tables
from bossnet.errors import ConfigurationError, DatabaseError
from bossnet.network import NETWORKS

NONE = "none"  #: in place of a schema's name: spectra of one's own, whatever else is there
ESSENTIAL = ("source", "spectrum")  #: tables without which there is no survey

# Schemas with tables of these names of which none is ours, and whether they may be used.
_CANDIDATES = """
    SELECT n.nspname, has_schema_privilege(n.oid, 'USAGE') FROM pg_namespace AS n
    WHERE n.nspname <> current_schema()
      AND (SELECT count(*) FROM pg_class AS c WHERE c.relnamespace = n.oid
             AND c.relname = ANY (%(essential)s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f'))
          = cardinality(%(essential)s)
      AND EXISTS (SELECT FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
                  WHERE c.relnamespace = n.oid AND c.relname = ANY (%(spectra)s)
                    AND a.attname IN ('spectrum_pk', 'spectrum_pk_id'))
      AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = n.oid
                        AND c.relname = 'bossnet_migration')
    ORDER BY 1"""
# A table of theirs, whatever underscores its name has (in_apstar, in_ap_star).
_NAME = """
    SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND replace(c.relname, '_', '') = replace(%s, '_', '')
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    ORDER BY c.relname LIMIT 1"""
# What a name is in our schema: its kind, and its comment.
_OURS = """
    SELECT c.relname, c.relkind, coalesce(obj_description(c.oid, 'pg_class'), '')
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relname = ANY (%s)"""
# The schema of the table that a view of ours reads.
_READ_BY = """
    SELECT n.nspname FROM pg_rewrite AS r JOIN pg_depend AS d ON d.objid = r.oid
    JOIN pg_class AS t ON t.oid = d.refobjid AND t.oid <> r.ev_class
    JOIN pg_namespace AS n ON n.oid = t.relnamespace
    WHERE r.ev_class = to_regclass(quote_ident(%s)) AND d.refclassid = 'pg_class'::regclass
    LIMIT 1"""
_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum"""
_TRY = sql.SQL("SELECT FROM {} LIMIT 0")  # to make a view takes no right that to read it takes
_VIEW = sql.SQL("CREATE OR REPLACE VIEW {} AS {}")
_MARK = "Made by astra init"

Columns = Mapping[str, str]  #: types by name, in order


@dataclass(frozen=True, slots=True)
class Shown:
    """The survey's tables as they are shown.

    Attributes:
        schema: theirs.
        version: of the survey's framework, as its tables tell: ``0.8``, or ``0.6`` for what was
            before.
        tables: that are shown.
        remarks: what could not be shown, and why.
    """

    schema: str
    version: str
    tables: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"schema {self.schema!r} (Astra {self.version}): {', '.join(self.tables)}"


def show(connection: Connection, schema: str, wanted: str | None) -> Shown | None:
    """Shows the survey's tables in our schema, if the database has them; safe to repeat.

    Args:
        connection: of the schema's owner, with the schema as its search path.
        schema: ours, which is there.
        wanted: the survey's, or `NONE`; by default the only one that is found, unless our schema
            has tables of its own.

    Returns:
        What is shown; None where our schema has, or is to have, tables of its own.

    Raises:
        ConfigurationError: the schema that is wanted is none of a survey, or there are several,
            or ours shows another one or has tables of its own.
        DatabaseError: the survey's tables may not be read, or a view cannot be made again.
    """
    with readable_errors(schema):
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(LOCK, (schema,))
                wait_for_tables(cursor)
                survey = _settled(cursor, schema, wanted)
                return None if survey is None else _show(cursor, survey)
        except errors.InsufficientPrivilege as e:
            raise DatabaseError(f"the survey's tables cannot be shown: {e.diag.message_primary}: "
                                f"their owner has to grant {connection.info.user} USAGE on their "
                                "schema and SELECT on its tables") from e


def refuse_if_shown(connection: Connection, schema: str) -> None:
    """Refuses where spectra are the survey's: nothing is registered beside them.

    Raises:
        ConfigurationError: they are.
    """
    with connection, connection.cursor() as cursor:
        views = [name for name, kind, _ in _ours(cursor, ESSENTIAL) if kind == "v"]
        theirs = _read_by(cursor, views[0]) if views else None
    if views:
        raise ConfigurationError(
            f"schema {schema!r} shows the spectra of the survey's schema {theirs!r}, which are "
            "registered already, and takes no others: for spectra of your own use another schema "
            f"(schema, or BOSSNET_SCHEMA) with survey_schema: {NONE}")


def spectrum_tables() -> list[str]:
    """The tables whose spectra some network reads."""
    return list(dict.fromkeys(table for network in NETWORKS.values()
                              for table in network.spectrum_tables))


def version_of(cursor: Cursor, schema: str) -> str:
    """Which shape the survey's tables have: ``0.8``, or ``0.6`` for those before."""
    columns = columns_of(cursor, schema, "boss_net")
    if not columns:
        columns = columns_of(cursor, schema, "boss_visit_spectrum")
        return "0.6" if "spectrum_pk_id" in columns else "0.8"
    return "0.8" if "bn_v_r" in columns else "0.6"


def columns_of(cursor: Cursor, schema: str, table: str) -> dict[str, str]:
    """Types of a table's columns by name, in order; empty where there is no such table."""
    cursor.execute(_COLUMNS, (schema, table))
    return dict(cursor.fetchall())


def make_view(cursor: Cursor, name: str, select: sql.Composable, meaning: str) -> None:
    """Makes a view, or makes it again where it has become another.

    Raises:
        DatabaseError: views that somebody made of it are in the way.
    """
    text = select.as_string(cursor)
    comment = f"{meaning} {_MARK} ({hashlib.sha256(text.encode()).hexdigest()[:8]})."
    if any(found == comment for _, _, found in _ours(cursor, [name])):
        return
    view = sql.Identifier(name)
    cursor.execute("SAVEPOINT before_view")
    try:
        cursor.execute(_VIEW.format(view, select))
    except errors.InvalidTableDefinition:  # other columns than before
        cursor.execute("ROLLBACK TO SAVEPOINT before_view")
        try:
            cursor.execute(sql.SQL("DROP VIEW {}").format(view))
        except errors.DependentObjectsStillExist as e:
            raise DatabaseError(f"view {name!r} is to be made again, as the survey's tables have "
                                f"changed, but {str(e.diag.message_detail).splitlines()[0]}: drop "
                                "that, and repeat") from e
        cursor.execute(_VIEW.format(view, select))
    cursor.execute(sql.SQL("COMMENT ON VIEW {} IS {}").format(view, sql.Literal(comment)))


def _settled(cursor: Cursor, schema: str, wanted: str | None) -> str | None:
    """The survey's schema, or None."""
    there = _ours(cursor, ESSENTIAL)
    shown = next((_read_by(cursor, name) for name, _, comment in there if _MARK in comment), None)
    if shown is not None:
        if wanted not in (None, shown):
            raise ConfigurationError(f"schema {schema!r} shows the spectra of {shown!r}, and its "
                                     f"results are theirs: for survey_schema {wanted!r} use "
                                     "another schema (schema, or BOSSNET_SCHEMA)")
        return shown
    if wanted == NONE or (there and wanted is None):
        return None
    if there:
        raise ConfigurationError(f"schema {schema!r} has a {there[0][0]!r} of its own: for the "
                                 f"spectra of survey_schema {wanted!r} use another schema "
                                 "(schema, or BOSSNET_SCHEMA)")
    cursor.execute(_CANDIDATES, {"essential": list(ESSENTIAL), "spectra": spectrum_tables()})
    rights = dict(cursor.fetchall())
    if wanted is not None and wanted not in rights:
        raise ConfigurationError(
            f"survey_schema {wanted!r} has no {', '.join(ESSENTIAL)} and spectrum tables; schemas "
            f"that have: {', '.join(rights) or 'none'}")
    if wanted is None and len(rights) > 1:
        raise ConfigurationError(
            f"the schemas {', '.join(rights)} all have a survey's tables: name one of them as "
            f"survey_schema (BOSSNET_SURVEY_SCHEMA), or {NONE} for spectra of your own")
    survey = wanted or next(iter(rights), None)
    if survey is not None and not rights[survey]:
        # Not taken for a database without a survey: tables of our own would be in the way for ever.
        raise ConfigurationError(
            f"schema {survey!r} has a survey's tables, but {_user(cursor)} may not use it: its "
            f"owner has to grant USAGE on it and SELECT on its tables; or survey_schema: {NONE} "
            "for spectra of your own")
    return survey


def _show(cursor: Cursor, survey: str) -> Shown:
    shown = Shown(survey, version_of(cursor, survey))
    ours = {m._meta.table_name: m for m in vars(models).values()
            if isinstance(m, type) and issubclass(m, peewee.Model)}
    for name in (*ESSENTIAL, *spectrum_tables()):
        cursor.execute(_NAME, (survey, name))
        if (found := cursor.fetchone()) is None:
            continue
        if any(_MARK not in comment for *_, comment in _ours(cursor, [name])):
            shown.remarks.append(f"{survey}.{found[0]} is not shown: there is a table {name!r} "
                                 "already")
            continue
        table = sql.Identifier(survey, found[0])
        cursor.execute(_TRY.format(table))
        columns = _as_ours(columns_of(cursor, survey, found[0]), _types(ours[name]))
        make_view(cursor, name, sql.SQL("SELECT {} FROM {} AS t").format(
            sql.SQL(", ").join(columns), table),
            f"The survey's own {found[0]}, with all of its columns.")
        shown.tables.append(name)
    return shown


def _as_ours(theirs: Columns, ours: Columns) -> list[sql.Composed]:
    """All columns of theirs, and after them those of ours that they lack."""
    columns = [sql.SQL("t.{}").format(sql.Identifier(name)) for name in theirs]
    for name, kind in ours.items():
        if name in theirs:
            continue
        if f"{name}_id" in theirs:  # a foreign key, as versions before 0.8 call it
            value = sql.SQL("t.{}").format(sql.Identifier(f"{name}_id"))
        elif name == "noise_key":
            value = sql.SQL("t.pk::bigint").format()
        else:
            value = sql.SQL("NULL::{}").format(sql.SQL(kind))
        columns.append(sql.SQL("{} AS {}").format(value, sql.Identifier(name)))
    return columns


def _types(model: type[peewee.Model]) -> dict[str, str]:
    """SQL types of a model's columns by name."""
    database = peewee.PostgresqlDatabase(None)
    types = {}
    for each in model._meta.sorted_fields:
        context = database.get_sql_context()
        types[each.column_name] = context.sql(each.ddl_datatype(context)).query()[0]
    return types


def _ours(cursor: Cursor, names: tuple[str, ...] | list[str]) -> list[tuple[str, str, str]]:
    cursor.execute(_OURS, (list(names),))
    return cursor.fetchall()


def _user(cursor: Cursor) -> str:
    return str(cursor.connection.info.user)


def _read_by(cursor: Cursor, view: str) -> str | None:
    cursor.execute(_READ_BY, (view,))
    found = cursor.fetchone()
    return found[0] if found else None
