"""Makes the document of a case: fits it, asks what it rests on, writes page, tables and figures.

Everything in the folder comes from one account of numbers (`account`); nothing in it tells of the
machine, of the time or of the folder, so that the same inputs give the same bytes.
"""

import json
from datetime import date
from pathlib import Path

import numpy as np

from tolls.account import account
from tolls.case import Case
from tolls.chapters import compose
from tolls.constants import OF_THE_KILLED
from tolls.errors import EstimateRefused, check_path
from tolls.estimate import Estimate
from tolls.fitting import fit
from tolls.pages import as_html, as_pdf
from tolls.progress import progress
from tolls.questions import sensitivity
from tolls.spreadsheets import table_csv
from tolls.storage import as_json, made, write_together
from tolls.timelines import MOST_DATES, Timeline

__all__ = ["render"]


def render(
    case: Case,
    folder: str | Path,
    *,
    seed: int,
    as_of: date | str | None = None,
    engine: str = "auto",
    pdf: bool = False,
) -> Path:
    """Write the document of a case: what was found, what it rests on, and where it comes from.

    Parameters
    ----------
    case : Case
    folder : str or Path
        Is made where it does not exist. Files of an earlier document in it are written over once
        all are on the disk, each at once, the page last: who sees the new page finds the files that
        belong to it. Others are left alone.
    seed : int
        Seed of all random numbers.
    as_of : date or ISO str, optional
        Use nothing published later.
    engine : {"auto", "collapsed", "nuts"}
        As in `fit`.
    pdf : bool
        Whether to write ``document.pdf`` too.

    Returns
    -------
    Path
        Of the page, ``index.html``. Beside it stand ``estimates.csv``, ``estimate.json``,
        ``estimate.nc``, and the figures as SVG.

    Raises
    ------
    InputError
        If an argument is out of range, no report is left, or the folder cannot be made.
    EstimateRefused
        If the diagnostics of the estimate fail; nothing is written then.
    OSError
        If a file cannot be written; those of an earlier document are left as they were.

    Examples
    --------
    >>> import tolls
    >>> case = tolls.read_case("models/syria-coast-2025")
    >>> tolls.render(case, "build", seed=1, pdf=True)  # doctest: +SKIP
    """
    check_path("folder", folder)
    target = made(Path(folder))
    found = sensitivity(case, seed=seed, as_of=as_of, engine=engine)
    estimate = found.estimate
    days, refused = _day_by_day(estimate, engine)
    from tolls.figures import figures  # matplotlib takes a second, and a typo should not

    drawn = figures(estimate, found, days)
    told = account(estimate, found, days, refused, _options(as_of, engine))
    told["figures"] = {what: list(named) for what, named in drawn.items()}
    text = as_json(told)
    document = compose(json.loads(text))
    pictures = {name: svg for named in drawn.values() for name, svg in named.items()}
    contents = {f"{name}.svg": svg for name, svg in pictures.items()}
    contents["estimate.nc"] = estimate.to_bytes()
    contents["estimates.csv"] = table_csv(estimate.summary())
    contents["estimate.json"] = f"{text}\n".encode()
    if pdf:
        contents["document.pdf"] = as_pdf(document, pictures)
    contents["index.html"] = as_html(document, pictures)
    write_together(target, contents)
    return target / "index.html"


def _options(as_of: date | str | None, engine: str) -> str:
    """Return what was asked for beside case and seed, as on the command line."""
    return f" --as-of {as_of}" * (as_of is not None) + f" --engine {engine}" * (engine != "auto")


def _day_by_day(estimate: Estimate, engine: str) -> tuple[Timeline, list[str]]:
    """Fit the case as of days spread over those on which evidence on its root's measure came."""
    case, evidence, seed = estimate.case, estimate.evidence, estimate.seed or 0
    own = (case.measure, *(OF_THE_KILLED if evidence.searched else ()))
    came = sorted(
        {
            r.published.day
            for r in case.reports
            if evidence.fates[r.row][0] == "evidence" and r.measure in own
        }
    )
    places = np.unique(np.linspace(0, len(came) - 1, MOST_DATES).round().astype(int))
    fits, refused = [], []
    with progress("fitting day by day", len(places)) as show:
        for i, day in enumerate(came[place] for place in places):
            try:
                fits.append(fit(case, seed=seed, engine=engine, as_of=day))
            except EstimateRefused as refusal:
                refused.append(f"{day} is shown: it was refused ({refusal})")
            if show:
                show(i + 1)
    return Timeline(case, tuple(fits)), refused
