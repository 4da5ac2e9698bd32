"""Backtests: what would have been said on earlier days, scored against tolls verified later.

Each fit uses what was published by a day, and before the verified toll was. Scores themselves are
in `scoring`, what estimates are compared with in `baselines`, averages in `scoreboard`.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.apportionment import integer_tolls
from tolls.baselines import ZERO_MEAN, points, usable, zero_mean
from tolls.case import Case
from tolls.errors import EstimateRefused, InputError, check_choice, check_type, is_long
from tolls.evidence import Evidence, gather
from tolls.fitting import ENGINES, fit
from tolls.growth import parse_day
from tolls.runs import Journal, code_digest, run_all
from tolls.scoreboard import OURS, Backtest, not_scored
from tolls.scoring import kernel_forecast, log_toll, normal_forecast, score, score_point
from tolls.simulation import check_seed, draw_sizes
from tolls.truths import Truth, Verified, read_truth

__all__ = ["DAYS", "backtest"]

DAYS = (1, 3, 7, 14, 30)
PRIOR_DRAWS = 10_000
LEAST_OTHERS = 2  # other cases that an error is learned from: one has no spread
HEADER = {"holds": "fits of tolls backtest"}

COLUMNS = (
    "case", "as_of", "day", "node", "method", "kind", "truth_lo", "truth_hi", "point", "lo", "hi",
    "lo_50", "hi_50", "crps", "log_score", "interval_score_90", "interval_score", "pit",
    "covered_50", "covered_80", "covered_90", "covered_95", "note",
)  # fmt: skip

type Floats = NDArray[np.float64]
type Row = dict[str, Any]


def backtest(
    case: Case | Mapping[str, tuple[Case, Any]] | Sequence[tuple[Case, Any]],
    truth: Any = None,
    *,
    as_of: Iterable[int | date | str] = DAYS,
    seed: int,
    engine: str = "auto",
    executor: Executor | None = None,
    folder: str | Path | None = None,
) -> Backtest:
    """Score the estimates of earlier days against a toll verified later, beside simple baselines.

    Parameters
    ----------
    case : Case, or pairs of Case and truth
        One case; or several, as a list of pairs or by name.
    truth : str, Path, DataFrame, list of mappings, mapping or int
        Of one case: a ``truth.csv`` or a table with its columns (category, measure, value, low,
        high, definition, authority, date), ``{node: toll}``, ``{node: (low, high)}`` or the toll
        of the root. Scores are averaged over an interval, evenly on the log scale. A row with
        another definition than its node's is not scored. Nothing published on or after the truth's
        own date is used.
    as_of : iterable of int, date or ISO str
        Days after the start of the harm, or dates. Days on which the harm was not over are listed
        as not scored: the toll verified later is not what was to be estimated then.
    seed : int
        Of every fit: ``fit(case, seed=seed, as_of=date)`` gives the draws that are scored.
    engine : {"auto", "collapsed", "nuts"}
        As in `fit`.
    executor : concurrent.futures.Executor, optional
        Runs the fits; the numbers are the same whichever it is. Processes where left out and there
        are several fits: a script then guards its entry by ``if __name__ == "__main__":``.
    folder : str or Path, optional
        Keeps each fit there, and takes up those of the same case, date, seed, engine and code.

    Returns
    -------
    Backtest
        Where no report is left as of a day, or the estimate is refused, the prior is scored and the
        row says so.

    Raises
    ------
    InputError
        If an argument or a truth is wrong, or nothing is left to score.

    Notes
    -----
    Point baselines (largest, median of sources, latest, official, inverse variance) score the
    absolute error of their log, the CRPS of a point. With errors fitted they are log-normal: mean
    and sd of log(truth / point) over the other cases on the same day, every case weighing the same,
    and the sd times sqrt(1 + 1/n) because n cases know the mean no better; with fewer than two
    other cases there is none. ``zero-mean biases`` is a model without grades, growth or shared
    bias. Baselines are silent where no usable report speaks of the node.

    Examples
    --------
    >>> import tolls
    >>> if __name__ == "__main__":  # processes import the script again
    ...     folder = "models/rana-plaza-2013"
    ...     case = tolls.read_case(folder)
    ...     result = tolls.backtest(case, f"{folder}/truth.csv", seed=1)  # doctest: +SKIP
    """
    check_seed(seed)
    check_choice("engine", engine, ENGINES)
    events = _events(case, truth)
    unscored: list[Row] = [
        {"case": e.name, "day": None, "node": node, "reason": reason}
        for e in events
        for node, reason in e.truth.unscored
    ]
    if not isinstance(as_of, int | date | str):
        check_type("as_of", as_of, Iterable, "days or dates")
    wanted = [as_of] if isinstance(as_of, int | date | str) else list(as_of)
    looks = [look for e in events if e.truth.tolls for look in e.looks(wanted, unscored)]
    if not looks:
        told = "; ".join(not_scored(unscored))
        raise InputError(
            f"backtest: nothing is left to score ({told}); allowed: tolls of nodes as the case "
            "defines them, and days from the end of the harm to the truth's date"
        )
    journal = None if folder is None else Journal(folder, HEADER, _sound)
    fits = _fits(looks, seed, engine, executor, journal)
    rows = [row for look in looks for row in _rows(look, fits[look.key], seed)]
    fitted, notes = _with_errors(rows, events)
    import pandas as pd

    scores = pd.DataFrame([*rows, *fitted], columns=list(COLUMNS))
    missed = pd.DataFrame(unscored, columns=["case", "day", "node", "reason"], dtype=object)
    return Backtest(scores, missed, int(seed), notes)


@dataclass(frozen=True, eq=False)
class _Event:
    """A case with what was verified later."""

    name: str
    case: Case
    truth: Truth
    known: dict[date, Evidence | None] = field(default_factory=dict)

    def looks(self, wanted: Sequence[int | date | str], unscored: list[Row]) -> list[_Look]:
        """Return the dates as of which there is something to score; the others are noted."""
        dates = sorted({self._date(one) for one in wanted})
        found = []
        for day in dates:
            look = _Look(self, day, self._cut(day))
            if look.cut < self.case.end:
                when = "" if look.cut == day else " when the toll was verified"
                reason = f"the harm was not over{when}; it ended on {self.case.end}"
                unscored.append({"case": self.name, "day": look.day, "node": "", "reason": reason})
            else:
                found.append(look)
        return found

    def _date(self, wanted: int | date | str) -> date:
        text = "" if is_long(wanted) else str(wanted)
        if re.fullmatch("[0-9]{1,5}", text):
            return self.case.start + timedelta(days=int(text))
        return parse_day(wanted, "as_of")

    def _cut(self, day: date) -> date:
        """Return the last day whose reports may be used: before the toll was verified."""
        if self.truth.published is None:
            return day
        return min(day, self.truth.published - timedelta(days=1))

    def evidence(self, cut: date) -> Evidence | None:
        """Return the evidence as of a date, or nothing where no report is left."""
        if cut not in self.known:
            try:
                self.known[cut] = gather(self.case, cut)
            except InputError:  # the one fault there can be: the case is valid, the cut after start
                self.known[cut] = None
        return self.known[cut]

    def stream(self, *parts: int) -> np.random.Generator:
        """Return random numbers of the case's own, whatever else is scored beside it."""
        return np.random.default_rng([int(self.digest[-16:], 16), *parts])

    @cached_property
    def digest(self) -> str:
        """The case's."""
        return self.case.digest


@dataclass(frozen=True, eq=False)
class _Look:
    """A case as of a date."""

    event: _Event
    as_of: date
    cut: date

    @property
    def key(self) -> tuple[str, date]:
        """What is fitted once."""
        return self.event.name, self.cut

    @property
    def day(self) -> int:
        """Days after the start of the harm."""
        return (self.as_of - self.event.case.start).days

    @property
    def evidence(self) -> Evidence | None:
        """What was known."""
        return self.event.evidence(self.cut)

    @property
    def note(self) -> str:
        """Say where the toll was verified before the date."""
        if self.cut == self.as_of:
            return ""
        return f"nothing published after {self.cut}, the day before the toll was verified, is used"


@dataclass(frozen=True)
class _Fitted:
    """Draws of the nodes that are scored; none where the fit was impossible or refused."""

    tolls: Mapping[str, NDArray[np.int64]]
    sizes: Mapping[str, Floats]
    note: str = ""


def _events(case: Any, truth: Any) -> list[_Event]:
    """Name every case, and read its truth."""
    if isinstance(case, Case):
        named = [(case.title, (case, truth))]
    else:
        if truth is not None:
            raise InputError(
                "truth: is given beside several cases; allowed: pairs of case and truth"
            )
        given = case if isinstance(case, Iterable) else (case,)
        pairs = list(given.items()) if isinstance(given, Mapping) else [(None, p) for p in given]
        if not all(
            isinstance(p, tuple | list) and len(p) == 2 and isinstance(p[0], Case) for _, p in pairs
        ):
            raise InputError(
                "case: is neither a tolls.Case nor pairs of a tolls.Case and its truth; allowed: "
                "either (tolls.read_case)"
            )
        named = [(name or pair[0].title, (pair[0], pair[1])) for name, pair in pairs]
    names = [name for name, _ in named]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"case: {', '.join(twice)} stands twice; allowed: cases of different titles, or a "
            "mapping with a name for each"
        )
    return [_Event(name, own, read_truth(later, own)) for name, (own, later) in named]


def _fit(case: Case, cut: date, seed: int, engine: str, nodes: Sequence[str]) -> dict[str, Any]:
    """Fit one case as of one date, in whichever process; return what `_Fitted` is made of."""
    try:
        estimate = fit(case, seed=seed, engine=engine, as_of=cut)
    except EstimateRefused as refusal:
        reasons = "; ".join(refusal.estimate.diagnostics.reasons)
        note = f"the estimate is refused ({reasons}): scored as the prior"
        return {"tolls": {}, "sizes": {}, "note": note}
    tolls, sizes = {}, {}
    for node in nodes:
        if node in estimate.nodes:
            of, i = estimate.of(node)
            tolls[node] = estimate.tolls(node).tolist()
            sizes[node] = of.posterior["size"][..., i].reshape(-1).tolist()
    return {"tolls": tolls, "sizes": sizes, "note": ""}


def _sound(result: Any) -> bool:
    """Tell whether a result is what `_fit` gives: draws in people by node, and a note."""
    if not isinstance(result, dict) or result.keys() != {"tolls", "sizes", "note"}:
        return False
    draws = [result["tolls"], result["sizes"]]
    return isinstance(result["note"], str) and all(
        isinstance(own, dict)
        and own.keys() == draws[0].keys()
        and all(
            isinstance(values, list)
            and len(values) > 0
            and all(type(n) in (int, float) and 0 <= n < math.inf for n in values)
            for values in own.values()
        )
        for own in draws
    )


def _fits(
    looks: Sequence[_Look],
    seed: int,
    engine: str,
    executor: Executor | None,
    journal: Journal | None,
) -> dict[tuple[str, date], _Fitted]:
    """Fit every case as of every date once, or take up what the journal holds."""
    found: dict[tuple[str, date], _Fitted] = {}
    numbers: dict[tuple[str, date], int] = {}
    arguments: dict[int, tuple[Any, ...]] = {}
    for look in looks:
        if look.evidence is None:
            found[look.key] = _Fitted({}, {}, f"no report by {look.cut}: scored as the prior")
            continue
        own = (look.cut, int(seed), engine, tuple(look.event.truth.tolls))
        numbers[look.key] = _number(look.event.digest, *own)
        arguments[numbers[look.key]] = (look.event.case, *own)
    # a process of its own for a single fit would take longer to start than the fit
    own_thread = executor is None and len(arguments) == 1
    with ThreadPoolExecutor(1) if own_thread else nullcontext(executor) as pool:
        done = run_all(_fit, arguments, text="fitting", executor=pool, journal=journal)
    for key, number in numbers.items():
        draws = {
            name: {node: np.array(values) for node, values in done[number][name].items()}
            for name in ("tolls", "sizes")
        }
        found[key] = _Fitted(**draws, note=done[number]["note"])
    return found


def _number(*what: Any) -> int:
    """Return the number that a fit bears in a journal: one of what it is of, and of the code."""
    text = "|".join(map(str, (*what, code_digest())))
    return int(hashlib.sha256(text.encode()).hexdigest()[:15], 16)


def _rows(look: _Look, fitted: _Fitted, seed: int) -> list[Row]:
    """Score the estimate and the baselines of one case as of one date."""
    rows: list[Row] = []
    event, evidence = look.event, look.evidence
    for place, (node, verified) in enumerate(event.truth.tolls.items()):
        case = event.case.others.get(verified.measure, event.case)
        parts = seed, look.cut.toordinal(), place
        sizes = draw_sizes(case, PRIOR_DRAWS, event.stream(*parts, 0))
        prior = dict(zip(case.names, sizes.T, strict=True))
        own, note = prior[verified.node], fitted.note
        if node in fitted.tolls:
            forecast = kernel_forecast(fitted.tolls[node], fitted.sizes[node], own)
        else:
            whole = integer_tolls(np.log(sizes), case.categories, seed)
            forecast = kernel_forecast(whole[:, case.names.index(verified.node)], own, own)
            note = note or f"no report of people {case.measure} by {look.cut}: scored as the prior"
        same: Row = {"case": event.name, "as_of": look.as_of, "day": look.day, "node": node}
        same |= {"truth_lo": verified.low, "truth_hi": verified.high, "note": ""}
        toll = verified.values, verified.weights
        told = "; ".join(filter(None, (note, look.note)))
        ours = {"method": OURS, "kind": "tolls", "note": told}
        rows.append(same | ours | score(forecast, *toll, event.stream(*parts, 1)))
        heard = evidence and (evidence.others.get(case.measure) or evidence)
        if heard is None or heard.case.measure != case.measure:
            continue
        said = usable(heard)
        for method, point in points(said, case, verified.node).items():
            rows.append(same | {"method": method, "kind": "point"} | score_point(point, *toll))
        simple = zero_mean(said, case, verified.node, prior, event.stream(*parts, 2))
        if simple is not None:
            found = score(simple, *toll, event.stream(*parts, 3))
            rows.append(same | {"method": ZERO_MEAN, "kind": "errors"} | found)
    return rows


def _with_errors(
    rows: Sequence[Row], events: Sequence[_Event]
) -> tuple[list[Row], tuple[str, ...]]:
    """Give point baselines the errors that they had in the other cases on the same day."""
    by_name = {event.name: event for event in events}
    said = [row for row in rows if row["kind"] == "point"]
    errors: dict[tuple[str, int], dict[str, list[float]]] = {}
    for row in said:
        own = errors.setdefault((row["method"], row["day"]), {})
        own.setdefault(row["case"], []).append(_error(row, _verified(row, by_name)))
    fitted, silent = [], dict[int, None]()
    for place, row in enumerate(said):
        of_cases = errors[row["method"], row["day"]]
        law = _law([found for name, found in of_cases.items() if name != row["case"]])
        if law is None:
            silent[row["day"]] = None
            continue
        verified = _verified(row, by_name)
        forecast = normal_forecast(float(log_toll(row["point"])) + law[0], law[1])
        rng = by_name[row["case"]].stream(row["day"], place)
        found = score(forecast, verified.values, verified.weights, rng)
        named = {"method": f"{row['method']}, errors fitted", "kind": "errors"}
        fitted.append(row | named | found)
    if not silent:
        return fitted, ()
    why = f"fewer than {LEAST_OTHERS} other cases say something then"
    days = ", ".join(map(str, sorted(silent)))
    return fitted, (
        f"errors of point baselines are not fitted for all scores of day {days}: {why}",
    )


def _verified(row: Row, events: Mapping[str, _Event]) -> Verified:
    return events[row["case"]].truth.tolls[row["node"]]


def _error(row: Row, verified: Verified) -> float:
    """Return the log of truth over point, on average over an interval."""
    return float(verified.weights @ log_toll(verified.values) - log_toll(row["point"]))


def _law(errors: Sequence[Sequence[float]]) -> tuple[float, float] | None:
    """Return mean and sd of the next case's error, given those of other cases."""
    cases = len(errors)
    if cases < LEAST_OTHERS:
        return None
    mean = float(np.mean([np.mean(own) for own in errors]))
    square = float(np.mean([np.mean((np.array(own) - mean) ** 2) for own in errors]))
    variance = square * cases / (cases - 1) * (1 + 1 / cases)
    return (mean, math.sqrt(variance)) if variance > 0 else None
