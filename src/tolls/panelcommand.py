"""The command `tolls panel`: many events, one set of sources. Nothing is computed here."""

import argparse
from pathlib import Path

from tolls.errors import EstimateRefused, InputError
from tolls.files import Unreadable, read_toml
from tolls.outputs import made_apart, write_apart
from tolls.terminal import DONE, REFUSED, say, tell

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
        "--threshold", type=int, metavar="N", help="smallest toll that the register of FILE holds"
    )
    panel.add_argument(
        "--sources", metavar="FILE",
        help="a TOML file of [sources.NAME] tables with grade, kind and group, as of a case",
    )  # fmt: skip
    panel.add_argument("--learn", metavar="FILE", help="write what was learned as a scale there")
    panel.add_argument("--json", action="store_true", help="print one JSON object")
    panel.add_argument(
        "-o", dest="folder", metavar="DIR",
        help="also write sources.csv, events.csv, conflicts.csv and panel.json there",
    )  # fmt: skip


def run_panel(options: argparse.Namespace, seed: int) -> int:
    """Fit a panel, print what was learned, and write what was asked for."""
    from tolls.panelfitting import fit_panel  # what it loads costs seconds, and a typo should not

    read = [Path(name) for name in (options.reports, options.truth, options.sources) if name]
    folder = made_apart(options.folder, read)
    try:
        panel = fit_panel(
            options.reports,
            options.truth,
            seed=seed,
            measure=options.measure,
            categories=options.categories,
            sources=_declared(options.sources),
            threshold=options.threshold,
        )
    except EstimateRefused as refusal:
        tell(f"refused: {refusal}")
        return REFUSED
    from tolls.learning import learn
    from tolls.spreadsheets import table_csv
    from tolls.storage import as_json, write_together

    text = as_json(panel.to_dict())
    say(text if options.json else panel.summary())
    if options.learn:
        write_apart(options.learn, learn(panel), *read)
    if folder is not None:
        tables = {"sources": panel.sources, "events": panel.events, "conflicts": panel.conflicts}
        contents = {f"{name}.csv": table_csv(table) for name, table in tables.items()}
        write_together(folder, contents | {"panel.json": f"{text}\n".encode()})
        tell(f"written to {folder}: conflicts.csv, events.csv, panel.json, sources.csv")
    return DONE


def _declared(file: str | None) -> dict[str, dict[str, str]]:
    """Read what is declared of sources; what may stand there is judged with the table."""
    if file is None:
        return {}
    try:
        whole = read_toml(Path(file))
    except Unreadable as error:
        raise InputError(f"{file}: {error}") from None
    sources = whole.get("sources")
    if set(whole) != {"sources"} or not isinstance(sources, dict):
        raise InputError(f'{file}: allowed: tables [sources."NAME"] with grade, kind and group')
    return sources
