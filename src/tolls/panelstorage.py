"""Writes a panel as Parquet tables, block by block: of a million events no table stands in memory.

Text stays as it is, for no program runs what stands in Parquet (in CSV, see `spreadsheets`).
"""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from tolls.constants import VERSION
from tolls.errors import check_path, check_type
from tolls.panel import Panel
from tolls.storage import Content, made, write_together

__all__ = ["parquet_tables", "write_panel"]

ROWS = 2**20  # of a row group; what pyarrow takes unless asked otherwise
_TEXTS = ("event", "source", "kind", "grade", "stated")
_TOLL = pa.schema(
    [
        ("event", pa.string()), ("low", pa.int64()), ("high", pa.int64()),
        ("probability", pa.float64()),
    ]
)  # fmt: skip


def write_panel(panel: Panel, folder: str | Path) -> None:
    """Write a panel as Parquet tables, in blocks of rows.

    ``sources.parquet``, ``sizes.parquet``, ``events.parquet`` and ``conflicts.parquet`` hold what
    the panel's data frames of these names hold, ``tolls.parquet`` the posterior of every event's
    toll: ``event``, ``low``, ``high`` (people, both included) and ``probability``, as `Panel.toll`
    gives it for one.
    The schema's metadata has under ``tolls`` a JSON text of version, measure, digest, engine,
    seed and threshold.

    Parameters
    ----------
    panel : Panel
    folder : str or Path
        Made where it does not exist. Files of these names are replaced, all or none.

    Raises
    ------
    InputError
        If the folder cannot be made.
    OSError
        If a file cannot be written; all are left as they were.

    Examples
    --------
    >>> tolls.write_panel(panel, "found")  # doctest: +SKIP
    >>> pd.read_parquet("found/tolls.parquet")  # doctest: +SKIP
    """
    check_type("panel", panel, Panel, "a Panel, as tolls.fit_panel returns it")
    check_path("folder", folder)
    write_together(made(Path(folder)), parquet_tables(panel))


def parquet_tables(panel: Panel) -> dict[str, Content]:
    """Return what writes each of a panel's tables, by the name of its file.

    Parameters
    ----------
    panel : Panel

    Returns
    -------
    dict of str to callable
    """
    frames = {
        "sources": panel.sources, "sizes": panel.sizes, "events": panel.events,
        "conflicts": panel.conflicts,
    }  # fmt: skip
    tables: dict[str, Content] = {
        f"{name}.parquet": partial(_write, panel, _schema(frame), partial(_blocks, frame))
        for name, frame in frames.items()
    }
    return tables | {"tolls.parquet": partial(_write, panel, _TOLL, partial(_posteriors, panel))}


def _write(
    panel: Panel, schema: pa.Schema, blocks: Callable[[], Iterator[pa.Table]], file: BinaryIO
) -> None:
    """Write blocks of a table, each as a row group."""
    about = {
        "version": VERSION,
        "measure": panel.measure,
        "digest": panel.digest,
        "engine": panel.engine,
        "seed": panel.seed,
        "threshold": panel.threshold,
    }
    metadata = (schema.metadata or {}) | {b"tolls": json.dumps(about).encode()}
    with parquet.ParquetWriter(file, schema.with_metadata(metadata), compression="zstd") as writer:
        for block in blocks():
            writer.write_table(block, ROWS)


def _schema(frame: pd.DataFrame) -> pa.Schema:
    """Return the types of a data frame's columns, which one without rows does not tell."""

    def kind(column: str) -> pa.DataType:
        if column in _TEXTS:
            return pa.string()
        return pa.float64() if frame[column].dtype.kind == "f" else pa.int64()

    schema = pa.schema([(column, kind(column)) for column in frame.columns])
    return pa.Table.from_pandas(frame.head(0), schema, preserve_index=False).schema


def _blocks(frame: pd.DataFrame) -> Iterator[pa.Table]:
    schema = _schema(frame)
    for start in range(0, len(frame), ROWS):
        block = frame.iloc[start : start + ROWS]
        yield pa.Table.from_pandas(block, schema, preserve_index=False)


def _posteriors(panel: Panel) -> Iterator[pa.Table]:
    """Yield the posteriors of as many events at a time as have `ROWS` cells, one at least."""
    found, pattern = panel.posteriors, panel.pattern
    cells = np.diff(found.begin)[pattern]  # of every event
    ends = np.cumsum(cells)
    start = 0
    while start < len(pattern):
        before = ends[start] - cells[start]
        stop = max(start + 1, int(np.searchsorted(ends, before + ROWS, side="right")))
        many = cells[start:stop]
        first = np.cumsum(many) - many
        cell = np.arange(many.sum()) + np.repeat(found.begin[pattern[start:stop]] - first, many)
        event = np.repeat(np.arange(len(many)), many)
        some = found.probability[cell] > 0
        cell, event = cell[some], event[some]
        names = pa.array(panel.reports.events[start:stop], pa.string())
        columns = [
            names.take(pa.array(event)), found.low[cell], found.high[cell], found.probability[cell],
        ]  # fmt: skip
        yield pa.table(columns, _TOLL)
        start = stop
