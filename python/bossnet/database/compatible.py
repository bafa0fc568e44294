"""Our results in the shape of the survey's own tables of them, as views beside ours.

``astra_boss_net`` has the names, types and order of columns of the survey's ``boss_net``, and
likewise for each network, so that what was written for the one reads the other.
"""

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from bossnet.database.schema import LOCK, readable_errors, wait_for_tables
from bossnet.database.survey import Columns, Shown, columns_of, make_view
from bossnet.network import NETWORKS
from bossnet.network.declaration import Network

NAME = "astra_{}"  #: of the view, by the name of our table

#: The survey's columns by version, for where it has no such table of its own.
SHAPES: dict[str, Columns] = {
    version: {
        "task_pk": "integer", f"source_pk{key}": "integer", f"spectrum_pk{key}": "integer",
        "v_astra": v_astra, "created": "timestamp", **modified, "t_elapsed": "real",
        "t_overhead": "real", "tag": "text", **major_minor, "teff": "real", "e_teff": "real",
        "logg": "real", "e_logg": "real", "fe_h": "real", "e_fe_h": "real",
        "result_flags": "bigint", velocity: "real", f"e_{velocity}": "real"}
    for version, key, v_astra, modified, major_minor, velocity in (
        ("0.8", "", "integer", {"modified": "timestamp"}, {"v_astra_major_minor": "integer"},
         "bn_v_r"),
        ("0.6", "_id", "text", {}, {}, "v_rad"))}
_OF_VELOCITY = ("bn_v_r", "e_bn_v_r", "v_rad", "e_v_rad")

#: What the survey's columns are of ours, where they have another name or meaning.
_OTHERWISE = {
    "source_pk_id": "source_pk", "spectrum_pk_id": "spectrum_pk",
    "bn_v_r": "v_rel", "e_bn_v_r": "e_v_rel",
    "raw_e_teff": "teff * ln(10) * raw_e_log_teff"}
#: Before 0.8 the network's velocity, in the frame of the spectrum, was called v_rad.
_BEFORE_0_8 = {"v_rad": "v_rel", "e_v_rad": "e_v_rel"}
_VERSION_AS_TEXT = "concat_ws('.', v_astra / 1000000, v_astra / 1000 % 1000, v_astra % 1000)"


def show_results(connection: Connection, schema: str, shown: Shown) -> list[str]:
    """Makes the views, for every network; their names. Safe to repeat.

    Args:
        connection: of the schema's owner, with the schema as its search path.
        schema: ours, with its tables.
        shown: the survey's tables.

    Raises:
        DatabaseError: a view cannot be made again.
    """
    views = []
    with readable_errors(schema), connection, connection.cursor() as cursor:
        cursor.execute(LOCK, (schema,))
        wait_for_tables(cursor)
        for network in NETWORKS.values():
            ours = columns_of(cursor, schema, network.table)
            wanted = columns_of(cursor, shown.schema, network.table) \
                or _shape(network, shown.version)
            views.append(NAME.format(network.table))
            make_view(cursor, views[-1], sql.SQL("SELECT {} FROM {}").format(
                sql.SQL(", ").join(_column(column, kind, wanted, ours)
                                   for column, kind in wanted.items()),
                sql.Identifier(network.table)),
                f"{network.table} in the shape of the survey's own (Astra {shown.version}); choose "
                "one version and tag.")
    return views


def _shape(network: Network, version: str) -> Columns:
    return {name: kind for name, kind in SHAPES[version].items()
            if network.has_velocity or name not in _OF_VELOCITY}


def _column(name: str, kind: str, wanted: Columns, ours: Columns) -> sql.Composed:
    """One of the survey's columns, of ours; NULL where we know of nothing like it."""
    meanings = _OTHERWISE | ({} if "bn_v_r" in wanted else _BEFORE_0_8)
    if name == "v_astra" and kind == "text":
        value = _VERSION_AS_TEXT
    else:
        value = meanings.get(name) or (name if name in ours else "NULL")
    return sql.SQL("({})::{} AS {}").format(sql.SQL(value), sql.SQL(kind), sql.Identifier(name))
