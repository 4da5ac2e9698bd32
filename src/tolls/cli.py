"""The command line: checks, fits, calibrates, backtests, renders, simulates, imports.

Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 the estimate was refused, 2
the input is wrong, 3 anything else. Nothing is computed here.
"""

import argparse
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from tolls.case import Case
from tolls.casefile import read_case
from tolls.constants import VERSION
from tolls.errors import EstimateRefused, InputError, TollsError, check_path
from tolls.evidence import gather
from tolls.measures import label
from tolls.outputs import apart, inputs_of, made_apart, write
from tolls.overview import understood
from tolls.panelcommand import add_panel, run_panel
from tolls.reports import as_csv
from tolls.terminal import DONE, FAILED, REFUSED, WRONG_INPUT, say, say_table, tell, watched, whole

__all__ = ["main"]

DEFAULT_SEED = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process where left out.

    Returns
    -------
    int
        The exit code.
    """
    options = _parser().parse_args(arguments)
    if arguments is not None:  # called by a program, which has its own way with interrupts
        return _run(options, lambda: tell(_interrupted(options)))
    with watched(lambda: _interrupted(options), FAILED) as say_interrupted:
        return _run(options, say_interrupted)


def _run(options: argparse.Namespace, say_interrupted: Callable[[], None]) -> int:
    """Run a command, and turn what goes wrong into a message and an exit code."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_: tell(f"warning: {message}")
            return int(options.run(options))
    except InputError as error:
        for problem in error.problems:
            tell(f"error: {problem}")
        if len(error.problems) > 1:
            tell(f"{len(error.problems)} messages; nothing was computed")
        return WRONG_INPUT
    except BrokenPipeError:  # the reader of stdout has gone: `tolls check … | head`
        sys.stderr.close()
        return DONE
    except KeyboardInterrupt:
        say_interrupted()
        return FAILED
    except TollsError as error:
        tell(f"error: {error}")
        return FAILED
    except OSError as error:
        tell(f"error: {error.filename or ''}: {error.strerror or error}")
        return FAILED
    except Exception:
        tell(traceback.format_exc())
        tell("this is a fault of tolls, not of the input; please report it")
        return FAILED


def _interrupted(options: argparse.Namespace) -> str:
    """Say what an interrupt leaves, and how to go on where runs are kept."""
    if options.run in (_calibrate, _backtest) and options.folder:
        return f"interrupted; the same command goes on from the runs in {options.folder}"
    return "interrupted; no file is left half written"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with the exit code of wrong input, and say where help is."""
        tell(f"error: {message}; see {self.prog} --help")
        raise SystemExit(WRONG_INPUT)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="tolls", description="How many people were killed, and how sure we can be."
    )
    parser.add_argument("--version", action="version", version=f"tolls {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    path = {"metavar": "PATH", "help": "a case folder, a case.toml or a bare reports.csv"}

    check = commands.add_parser("check", help="say what was understood, without fitting")
    check.add_argument("path", **path)  # type: ignore[arg-type]
    check.add_argument("--as-of", metavar="DATE", help="use nothing published later")
    check.set_defaults(run=_check)

    fit = commands.add_parser("fit", help="estimate the tolls of a case")
    fit.add_argument("path", **path)  # type: ignore[arg-type]
    fit.add_argument("--as-of", metavar="DATE", help="use nothing published later")
    fit.add_argument("--seed", type=whole, metavar="N", help=f"seed (default {DEFAULT_SEED})")
    fit.add_argument(
        "--engine", default="auto", metavar="E", help="auto, collapsed or nuts (default auto)"
    )
    fit.add_argument("--json", action="store_true", help="print one JSON object")
    fit.add_argument(
        "--on-failure", default="raise", metavar="raise|warn",
        help="warn: show an estimate whose diagnostics fail (default raise)",
    )  # fmt: skip
    fit.add_argument(
        "-o", dest="folder", metavar="DIR",
        help="also write estimates.csv, estimate.json and estimate.nc there",
    )  # fmt: skip
    fit.set_defaults(run=_fit)

    calibrate = commands.add_parser(
        "calibrate", help="simulate cases like this one, fit them, and rank the truth"
    )
    calibrate.add_argument("path", **path | {"nargs": "+"})  # type: ignore[arg-type]
    calibrate.add_argument(
        "-n", type=whole, required=True, metavar="N", help="number of simulated cases"
    )
    calibrate.add_argument("--seed", type=whole, metavar="N", help=f"seed (default {DEFAULT_SEED})")
    calibrate.add_argument(
        "-o", dest="folder", metavar="DIR",
        help="keep finished runs there, go on from them, and write coverage.csv and "
        "calibration.json",
    )  # fmt: skip
    calibrate.set_defaults(run=_calibrate)

    test = commands.add_parser(
        "backtest", help="score the estimates of earlier days against tolls verified later"
    )
    test.add_argument("path", metavar="PATH", help="a case as for fit, or a folder of case folders")
    test.add_argument(
        "--truth", metavar="FILE", help="the tolls verified later (default: truth.csv of the case)"
    )
    test.add_argument(
        "--as-of", nargs="+", action="extend", metavar="DATE",
        help="dates, or days after the start of the harm (default: 1 3 7 14 30)",
    )  # fmt: skip
    test.add_argument("--seed", type=whole, metavar="N", help=f"seed (default {DEFAULT_SEED})")
    test.add_argument(
        "--engine", default="auto", metavar="E", help="auto, collapsed or nuts (default auto)"
    )
    test.add_argument(
        "-o", dest="folder", metavar="DIR",
        help="also write scores.csv, summary.csv, unscored.csv and backtest.svg there, and keep "
        "every fit, which a later run takes up",
    )  # fmt: skip
    test.set_defaults(run=_backtest)

    page = commands.add_parser("render", help="write the document of a case: page, PDF, figures")
    page.add_argument("path", **path)  # type: ignore[arg-type]
    page.add_argument("--as-of", metavar="DATE", help="use nothing published later")
    page.add_argument("--seed", type=whole, metavar="N", help=f"seed (default {DEFAULT_SEED})")
    page.add_argument(
        "--engine", default="auto", metavar="E", help="auto, collapsed or nuts (default auto)"
    )
    page.add_argument("--pdf", action="store_true", help="write document.pdf too")
    page.add_argument(
        "-o", dest="folder", required=True, metavar="DIR",
        help="write index.html, estimates.csv, estimate.json, estimate.nc and figures there",
    )  # fmt: skip
    page.set_defaults(run=_render)

    draw = commands.add_parser("simulate", help="draw reports like a case's own, with known tolls")
    draw.add_argument("path", **path)  # type: ignore[arg-type]
    draw.add_argument("--seed", type=whole, metavar="N", help=f"seed (default {DEFAULT_SEED})")
    draw.add_argument(
        "-o", dest="output", required=True, metavar="FILE",
        help="write the reports there; the true tolls are printed as a truth.csv",
    )  # fmt: skip
    draw.set_defaults(run=_simulate)

    adapt = commands.add_parser("import", help="make a reports.csv of what another format holds")
    adapt.add_argument(
        "format", metavar="FORMAT", help="ucdp-ged, acled, airwars, iraq-body-count or csv"
    )
    adapt.add_argument("file", metavar="FILE", help="a CSV file of that format")
    adapt.add_argument(
        "-o", dest="output", metavar="FILE", help="write the reports there (default: print them)"
    )
    adapt.add_argument(
        "--map", nargs="+", action="extend", default=[], metavar="OURS=THEIRS",
        help="where the file calls a column otherwise: value=Deaths",
    )  # fmt: skip
    adapt.set_defaults(run=_import)

    panel = commands.add_parser("panel", help="learn from many events what their sources are worth")
    panel.add_argument("--seed", type=whole, metavar="N", help=f"seed (default {DEFAULT_SEED})")
    add_panel(panel)
    panel.set_defaults(run=lambda options: run_panel(options, _seed(options)))

    shape = commands.add_parser("schema", help="print a JSON Schema, for editors")
    shape.add_argument(
        "of", nargs="?", default="case", metavar="WHAT", help="case (default), reports or scale"
    )
    shape.set_defaults(run=_schema)
    return parser


def _check(options: argparse.Namespace) -> int:
    case = read_case(options.path)
    evidence = gather(case, options.as_of)
    say("\n".join(understood(case, evidence)))
    return DONE


def _fit(options: argparse.Namespace) -> int:
    from tolls.fitting import fit  # what it loads costs seconds, and a typo should not

    case, seed = read_case(options.path), _seed(options)
    folder = made_apart(options.folder, inputs_of(options.path, case))
    code = DONE
    try:
        estimate = fit(
            case,
            seed=seed,
            engine=options.engine,
            as_of=options.as_of,
            on_failure=options.on_failure,
        )
    except EstimateRefused as refusal:
        tell(f"refused: {refusal}")
        if not options.json:
            return REFUSED
        estimate, code, folder = refusal.estimate, REFUSED, None
    from tolls.spreadsheets import table_csv
    from tolls.storage import as_json, write_together

    text = as_json(estimate.to_dict())
    say(text if options.json else repr(estimate))
    if folder is not None:
        contents = {
            "estimate.nc": estimate.to_bytes(),
            "estimates.csv": table_csv(estimate.summary()),
            "estimate.json": f"{text}\n".encode(),
        }
        write_together(folder, contents)
        tell(f"written to {folder}: estimates.csv, estimate.json, estimate.nc")
    return code


def _render(options: argparse.Namespace) -> int:
    from tolls.rendering import render  # what it loads costs seconds, and a typo should not

    case, seed = read_case(options.path), _seed(options)
    made_apart(options.folder, inputs_of(options.path, case))
    try:
        page = render(
            case,
            options.folder,
            seed=seed,
            as_of=options.as_of,
            engine=options.engine,
            pdf=options.pdf,
        )
    except EstimateRefused as refusal:
        tell(f"refused: {refusal}")
        return REFUSED
    say(page)
    return DONE


def _calibrate(options: argparse.Namespace) -> int:
    from tolls.calibration import calibrate  # what it loads costs seconds, and a typo should not

    cases, seed = [read_case(path) for path in options.path], _seed(options)
    own = zip(options.path, cases, strict=True)
    folder = made_apart(
        options.folder, [file for path, case in own for file in inputs_of(path, case)]
    )
    try:
        found = calibrate(cases, options.n, seed=seed, folder=folder)
    except EstimateRefused as refusal:
        tell(f"refused: {refusal}")
        return REFUSED
    say(found)
    if folder is not None:
        from tolls.spreadsheets import table_csv
        from tolls.storage import as_json, write_together

        contents = {
            "coverage.csv": table_csv(found.summary()),
            "calibration.json": f"{as_json(found.to_dict())}\n".encode(),
        }
        write_together(folder, contents)
        tell(f"written to {folder}: calibration.json, coverage.csv")
    return DONE


def _backtest(options: argparse.Namespace) -> int:
    from tolls.backtesting import DAYS, backtest

    check_path("PATH", options.path)
    pairs, seed = _verified(Path(options.path), options.truth), _seed(options)
    read = [
        path for case, truth in pairs.values() for path in (truth, *inputs_of(truth.parent, case))
    ]
    folder = made_apart(options.folder, read)
    days = options.as_of or DAYS
    result = backtest(pairs, as_of=days, seed=seed, engine=options.engine, folder=folder)
    if folder is not None:
        from tolls.figures import as_svg
        from tolls.plots import backtest as draw
        from tolls.spreadsheets import table_csv
        from tolls.storage import write_together

        tables = {"scores": result.scores, "unscored": result.unscored}
        tables["summary"] = result.summary().reset_index()
        contents = {f"{name}.csv": table_csv(table) for name, table in tables.items()}
        write_together(folder, {"backtest.svg": as_svg(draw(result))} | contents)
        names = "backtest.svg, scores.csv, summary.csv, unscored.csv"
        tell(f"written to {folder}: {names}")
    say(result)
    return DONE


def _verified(path: Path, truth: str | None) -> dict[str, tuple[Case, Path]]:
    """Read one case, or every case of a folder that has a truth, by name."""
    inside = path.is_dir() and not (path / "case.toml").exists()
    folders = sorted(toml.parent for toml in path.glob("*/case.toml")) if inside else []
    if not folders:
        own = Path(truth) if truth else (path if path.is_dir() else path.parent) / "truth.csv"
        case = read_case(path)
        if not own.is_file():
            raise InputError(
                f"{own}: no such file; name the tolls verified later by --truth FILE (columns: "
                "category, measure, value, low, high, definition, authority, date, note)"
            )
        return {case.title: (case, own)}
    if truth:
        raise InputError(f"--truth {truth}: {path} holds several cases; each has its own truth.csv")
    found: dict[str, tuple[Case, Path]] = {}
    problems: list[str] = []
    for folder in folders:
        if not (folder / "truth.csv").is_file():
            tell(f"{folder}: has no truth.csv and is left out")
            continue
        try:
            found[folder.name] = read_case(folder), folder / "truth.csv"
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    if not found:
        raise InputError(f"{path}: no case in it has a truth.csv; write one to score against")
    return found


def _simulate(options: argparse.Namespace) -> int:
    from tolls.simulation import simulate

    case, seed = read_case(options.path), _seed(options)
    target = apart("-o", options.output, inputs_of(options.path, case))
    simulated = simulate(case, seed=seed)
    write(target, as_csv([report.as_row() for report in simulated.case.reports]))
    known = max(report.published.day for report in simulated.case.reports) + timedelta(days=1)
    rows = [
        {
            "category": name,
            "measure": measure,
            "value": f"{simulated.tolls[label(measure, name, case.names)]:.0f}",
            "date": str(known),
        }
        for measure, own in {case.measure: case, **case.others}.items()
        for name in own.names
    ]
    say_table(as_csv(rows))
    return DONE


def _import(options: argparse.Namespace) -> int:
    from tolls.adapters import import_reports

    target = None if options.output is None else apart("-o", options.output, [Path(options.file)])
    imported = import_reports(options.file, options.format, columns=_column_map(options.map))
    for remark in imported.remarks:
        tell(remark)
    if target is None:
        say_table(imported.to_csv())
    else:
        write(target, imported.to_csv())
    return DONE


def _schema(options: argparse.Namespace) -> int:
    from tolls.schemas import as_text

    say(as_text(options.of))
    return DONE


def _column_map(pairs: Sequence[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not (ours and equals and theirs) or ours in columns:
            raise InputError(
                f'--map {pair}: allowed: one OURS=THEIRS per column, as "value=Deaths"'
            )
        columns[ours] = theirs
    return columns


def _seed(options: argparse.Namespace) -> int:
    """Return the seed that is given, or the default one, and say so."""
    if options.seed is None:
        tell(f"no --seed given: the seed is {DEFAULT_SEED}")
        return DEFAULT_SEED
    return int(options.seed)
