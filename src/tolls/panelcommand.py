"""The command `tolls panel`: many events, one set of sources. Nothing is computed here."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tolls.errors import EstimateRefused, InputError
from tolls.outputs import apart, made_apart, write
from tolls.terminal import DONE, REFUSED, say, tell, whole

if TYPE_CHECKING:
    import pandas as pd

    from tolls.panel import Panel
    from tolls.storage import Content

__all__ = ["add_panel", "run_panel"]


def add_panel(panel: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    panel.add_argument(
        "reports", metavar="REPORTS", help="a CSV table of counts, with column event"
    )
    panel.add_argument("--truth", metavar="FILE", help="tolls verified later: event, value")
    panel.add_argument(
        "--measure", default="killed", metavar="M", help="what is counted (default killed)"
    )
    panel.add_argument(
        "--categories", nargs="+", action="extend", default=[], metavar="NAME",
        help="categories that count the toll beside all, each by its own definition",
    )  # fmt: skip
    panel.add_argument(
        "--threshold", type=whole, metavar="N", help="smallest toll that the register of FILE holds"
    )
    panel.add_argument(
        "--sources", metavar="FILE",
        help="a TOML file of [sources.NAME] tables with grade, kind and group, as of a case",
    )  # fmt: skip
    panel.add_argument(
        "--kinds",
        metavar="FILE",
        help="kinds of events, which have sizes of their own: event, kind",
    )
    panel.add_argument(
        "--reliability", default="admiralty", metavar="SCALE",
        help="scale of the grades, as of a case (default admiralty)",
    )  # fmt: skip
    panel.add_argument(
        "--engine", default="nutpie", metavar="E",
        help="nutpie (default), or numpyro for a graphics card or many cores",
    )  # fmt: skip
    panel.add_argument("--learn", metavar="FILE", help="write what was learned as a scale there")
    panel.add_argument(
        "--check", action="store_true",
        help="also tell of every source whether its counts are as the other sources foretell",
    )  # fmt: skip
    panel.add_argument("--json", action="store_true", help="print one JSON object")
    panel.add_argument(
        "-o", dest="folder", metavar="DIR",
        help="also write sources.csv, sizes.csv, events.csv, conflicts.csv and panel.json there, "
        "and checks.csv with --check",
    )  # fmt: skip
    panel.add_argument(
        "--parquet", action="store_true",
        help="write sources, sizes, events, conflicts and every event's toll to DIR as Parquet "
        "tables instead, and panel.json without events and conflicts",
    )  # fmt: skip


def run_panel(options: argparse.Namespace, seed: int) -> int:
    """Fit a panel, print what was learned, and write what was asked for."""
    from tolls.learning import check_measure, learn
    from tolls.panelfitting import fit_panel  # what it loads costs seconds, and a typo should not

    named = (options.reports, options.truth, options.sources, options.kinds)
    read = [Path(name) for name in named if name]
    kept, learned = list(read), None
    if options.learn is not None:
        check_measure(options.measure)
        learned = apart("--learn", options.learn, read)
        kept.append(learned)
    if options.parquet and options.folder is None:
        raise InputError("--parquet: says how tables are written; name a folder for them with -o")
    folder = made_apart(options.folder, kept)
    try:
        panel = fit_panel(
            options.reports,
            options.truth,
            seed=seed,
            measure=options.measure,
            categories=options.categories,
            sources=options.sources,
            threshold=options.threshold,
            kinds=options.kinds,
            reliability=options.reliability,
            engine=options.engine,
        )
    except EstimateRefused as refusal:
        tell(f"refused: {refusal}")
        return REFUSED
    from tolls.storage import as_json, write_together

    told = [panel.summary()]
    more: dict[str, pd.DataFrame] = {}
    if options.check:
        from tolls.panelchecks import check_panel

        checks = check_panel(panel, seed=seed)
        told.append(checks.summary())
        more["checks"] = checks.sources
    extra = {name: table.to_dict("records") for name, table in more.items()}
    say(as_json(panel.to_dict() | extra) if options.json else "\n\n".join(told))
    if folder is not None:
        if options.parquet:
            tables = _parquet(panel)
        else:
            frames = {"sources": panel.sources, "sizes": panel.sizes, "events": panel.events}
            tables = _csv(frames | {"conflicts": panel.conflicts})
        tables |= _csv(more)
        text = as_json(panel.to_dict(events=not options.parquet) | extra)
        write_together(folder, tables | {"panel.json": f"{text}\n".encode()})
        tell(f"written to {folder}: {', '.join(sorted([*tables, 'panel.json']))}")
    if learned is not None:
        write(learned, learn(panel))
    return DONE


def _csv(tables: Mapping[str, pd.DataFrame]) -> dict[str, Content]:
    from tolls.spreadsheets import table_csv

    return {f"{name}.csv": table_csv(table) for name, table in tables.items()}


def _parquet(panel: Panel) -> dict[str, Content]:
    from tolls.panelstorage import parquet_tables

    return parquet_tables(panel)
