"""Parquet, written as the rows come. Imports pyarrow."""

import json
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from astropy.table.meta import get_yaml_from_table

from bossnet.catalog.columns import Batch, Column, missing
from bossnet.catalog.provenance import Provenance
from bossnet.catalog.texts import empty_table

_TYPES = {"int32": pa.int32(), "int64": pa.int64(), "float32": pa.float32(),
          "float64": pa.float64(), "bool": pa.bool_(), "text": pa.string()}
_GROUP = 5  #: batches of a row group: larger ones are read faster


def write(path: Path, columns: tuple[Column, ...], batches: Iterable[Batch],
          provenance: Provenance, *, flags: dict[str, str]) -> int:
    """Writes the file; how many rows it has."""
    schema = _schema(columns, provenance, flags)
    rows, held = 0, []
    with pq.ParquetWriter(path, schema) as writer:
        for batch in batches:
            held.append(pa.record_batch([_array(c, batch) for c in columns], schema=schema))
            rows += held[-1].num_rows
            if len(held) == _GROUP:
                writer.write_table(pa.Table.from_batches(held))
                held = []
        if held:
            writer.write_table(pa.Table.from_batches(held))
    return rows


def _schema(columns: tuple[Column, ...], provenance: Provenance, flags: dict[str, str]
            ) -> pa.Schema:
    """With what there is to say: by column, as JSON, and as astropy has it."""
    fields = [pa.field(c.name, _TYPES[c.kind], metadata={
        "unit": c.unit, "ucd": c.ucd, "description": c.description}) for c in columns]
    table = empty_table(columns, provenance, flags)
    return pa.schema(fields, metadata={
        "bossnet": json.dumps({**provenance, "flags": flags}),
        "table_meta_yaml": "\n".join(get_yaml_from_table(table))})


def _array(column: Column, batch: Batch) -> pa.Array:
    values = batch[column.key]
    return pa.array(values, type=_TYPES[column.kind], mask=missing(column, values))
