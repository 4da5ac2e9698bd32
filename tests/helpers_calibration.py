"""Cases to be calibrated, and wrong readings of them, each with a design that shows it."""

from helpers import EVERY_KIND, case_of, everything, searching, with_presets

import tolls
from tolls.case import Case
from tolls.estimate import Estimate
from tolls.ranking import Fit, fitted

NAMES = ("Monitor", "Ministry", "Press")
RELAYING = ("Wire", "Paper")
SCATTER = 0.8
SHARED = {"kind": "conflict", "range": {"low": 50, "high": 20_000}}


def whole_model() -> list[Case]:
    """Return cases that have everything together.

    With an anchor, without one, with lists of missing, without growth.
    """
    rows = [row for row in EVERY_KIND[0] if row.get("qualifier") != "estimate"]
    unanchored = case_of(*rows, **(EVERY_KIND[1] | {"kind": "flood"}))
    return [everything(), unanchored, searching(), three_sources()]


def three_sources(wording: str = "exact") -> Case:
    """Return a case of three alike sources, each heard twice."""
    rows = [
        {
            "source": name,
            "value": 300 + day,
            "qualifier": wording,
            "published": f"2025-03-{day:02d}",
        }
        for name in NAMES
        for day in (8, 11)
    ]
    spread = {"median": 0.3, "low": 0.15, "high": 0.6}
    sources = {name: {"grade": "B", "scatter": spread} for name in NAMES}
    return case_of(*rows, **SHARED, sources=sources)


def heard_once(count: int, scatter: float) -> Case:
    """Return a case of alike sources with hardly a bias of their own, each heard once."""
    names = [f"Morgue {i}" for i in range(count)]
    rows = [{"source": n, "value": 300 + i, "published": "2025-03-11"} for i, n in enumerate(names)]
    spread = {"median": scatter, "low": scatter / 1.2, "high": 1.2 * scatter}
    source = {"grade": "A", "kind": "forensic", "scatter": spread}
    return case_of(*rows, **SHARED, sources=dict.fromkeys(names, source))


def all_found(case: Case) -> Case:
    """Return a conflict whose dead are found to the last."""
    conflict = case.presets.event_kinds["conflict"].model_copy(update={"found": (1e5, 1.0)})
    return with_presets(case, event_kinds=case.presets.event_kinds | {"conflict": conflict})


def hearsay() -> Case:
    """Return a case of one poor source that counts, and two good ones that know a floor."""
    rows = [
        {"source": "Witness", "value": 300, "published": "2025-03-11"},
        *({"source": name, "value": 100, "qualifier": "at_least"} for name in RELAYING),
    ]
    good = {name: {"grade": "B", "kind": "forensic"} for name in RELAYING}
    return case_of(*rows, **SHARED, sources={"Witness": {"grade": "D", "kind": "witness"}} | good)


def _rows(case: Case) -> list[dict[str, str]]:
    return [report.as_row() for report in case.reports]


def halved_scatter(case: Case, seed: int) -> Estimate:
    """Fit as if the source scattered half as much."""
    return fitted(heard_once(1, SCATTER / 2).with_reports(_rows(case)), seed)


def relays_counted(case: Case, seed: int) -> Estimate:
    """Fit with the poor source's figure repeated by the good ones, as if they had counted too."""
    said = _rows(case)
    first = next(row for row in said if row["source"] == "Witness")
    repeated = [first | {"source": name, "published": "2025-03-15"} for name in RELAYING]
    return fitted(case.with_reports(said + repeated), seed)


def wrong_overshoot(case: Case, seed: int) -> Estimate:
    """Fit as if all floors lay close below what is believed.

    The shipped ones mostly lie so far below that a tenth of it makes hardly a difference.
    """
    bounds = case.presets.bounds.model_copy(update={"means": (0.02, 0.3)})
    return fitted(with_presets(case, bounds=bounds), seed)


def no_shared_bias(case: Case, seed: int) -> Estimate:
    """Fit as if nothing were hidden from all sources."""
    shared_bias = case.presets.shared_bias.model_copy(update={"sd": 1e-3})
    return fitted(with_presets(case, shared_bias=shared_bias), seed)


def all_as_counts(case: Case, seed: int) -> Estimate:
    """Fit as if every report were the event's own count, whatever it rests on and speaks of."""
    plain = {"evidence": "", "scope": "", "definition": ""}
    return tolls.fit(case.with_reports([row | plain for row in _rows(case)]), seed=seed)


def missing_as_dead(case: Case, seed: int) -> Estimate:
    """Fit as if whoever is missing had been counted dead."""
    speakers = {r.source for r in case.reports if r.measure != "missing"}
    rows = [row | {"measure": "killed"} for row in _rows(case) if row["source"] in speakers]
    return tolls.fit(case.with_reports(rows), seed=seed, on_failure="warn")


WRONG: dict[str, tuple[Case, Fit]] = {
    "halved scatter": (heard_once(1, SCATTER), halved_scatter),
    "relays counted": (hearsay(), relays_counted),
    "wrong overshoot": (three_sources("at_least"), wrong_overshoot),
    # all are found, so that the shared bias is most of what is not known
    "no shared bias": (all_found(heard_once(12, 0.1)), no_shared_bias),
}
