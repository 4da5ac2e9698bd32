"""What was learned from many events: what sources are worth, and the toll of every event.

Nothing is fitted here; `panelfitting` fits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tolls import markup
from tolls.constants import CI_PROB, VERSION
from tolls.convergence import Diagnostics
from tolls.errors import nearest, shown
from tolls.formatting import all_inert, ratio, text_table
from tolls.panelpriors import Natural, Space, mean_offset
from tolls.panelrows import Reports
from tolls.paneltolls import Posteriors
from tolls.patterns import Patterns
from tolls.sizelaw import surviving

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Panel"]

type Floats = NDArray[np.floating[Any]]

LEARNED = ("repeats", "gross", "bias", "spread", "definition", "offset")
# A statement that is rather a gross error than not stands among the conflicts where the others of
# its event say so: where many of a source's counts are errors, or little is known of it, any may be
# one. Odds that rise threefold are what Kass and Raftery (1995), JASA 90(430), begin to call
# positive evidence.
SURE, RISE = 0.5, 3.0
SIZES = (1, 10, 100, 1000)  # people: of tolls as large is told how many events have them
FEWEST = 0.01  # percent of events: fewer are not told apart in a sentence
TOLD = 5  # conflicts and sources that a sentence names one by one


@dataclass(frozen=True, eq=False, repr=False)
class Panel:
    """Sources and events of a panel, as `tolls.fit_panel` returns them.

    Attributes
    ----------
    measure : str
        What was counted.
    reports : Reports
        What was read, and what became of every row (``counts``).
    verified : mapping of str to (low, high)
        Tolls verified later, by event.
    kinds : mapping of str to str
        Kind of every event.
    threshold : int or None
        Smallest toll that the register of verified tolls holds.
    space : Space
        Coordinates of what is sampled.
    patterns : Patterns
        Events that look alike, and their grids.
    posteriors : Posteriors
        Of every pattern's toll; `toll` has an event's.
    draws : (chain, draw, coordinate) array
        Of the posterior, in the coordinates of `space`.
    diagnostics : Diagnostics
    engine : str
        What sampled.
    seed : int
    digest : str
        ``sha256:…`` of the reports, verified tolls and settings.
    notes : tuple of str
        What a reader of the numbers must know.
    """

    measure: str
    reports: Reports
    verified: Mapping[str, tuple[int, int]]
    kinds: Mapping[str, str]
    threshold: int | None
    space: Space
    patterns: Patterns
    posteriors: Posteriors
    draws: Floats
    diagnostics: Diagnostics
    engine: str
    seed: int
    digest: str
    notes: tuple[str, ...] = ()

    @cached_property
    def natural(self) -> Natural:
        """Draws of the unknowns, (chain x draw, …)."""
        return self.space.natural(self.draws.reshape(-1, self.draws.shape[-1]))

    @cached_property
    def _place(self) -> dict[str, int]:
        return {event: i for i, event in enumerate(self.reports.events)}

    @cached_property
    def pattern(self) -> NDArray[np.int64]:
        """Pattern of every event, by its position."""
        found = np.empty(len(self.reports.events), dtype=np.int64)
        for place, pattern in enumerate(self.patterns.patterns):
            found[list(pattern.events)] = place
        return found

    @cached_property
    def sources(self) -> pd.DataFrame:
        """What was learned of the sources.

        A row per source (where it counts several categories, per source and category): ``source``,
        ``grade``, ``kind``, ``reports``, ``verified`` (of them on events with a verified toll);
        then median and ends of the 95 % interval (``_lo``, ``_hi``) of ``repeats`` (share of its
        statements that repeat the common record), ``gross`` (share of gross errors), ``bias``
        (stated : recorded of its own estimates), ``spread`` (their log-scale sd), ``definition``
        (where the record counts others than the toll does, share that counts as the toll; missing
        of a source that speaks alone) and
        ``offset`` (by how many people it differs from the record otherwise, on average).
        """
        import pandas as pd

        found, n = self.natural, len(self.reports.voices)
        said = self.reports.statements.voice
        known = np.array([event in self.verified for event in self.reports.events])
        known = known[self.reports.statements.event]
        values = {
            "repeats": (1 - found.gross) * found.agreement,
            "gross": found.gross,
            "bias": np.exp(found.bias),
            "spread": found.spread,
            "definition": found.definition if n > 1 else np.full_like(found.definition, np.nan),
            "offset": mean_offset(found.offset),
        }
        table = pd.DataFrame(
            {
                "source": [v.name for v in self.reports.voices],
                "grade": [v.grade for v in self.reports.voices],
                "kind": [v.kind for v in self.reports.voices],
                "reports": np.bincount(said, minlength=n),
                "verified": np.bincount(said, known, n).astype(int),
            }
        )
        tail = (1 - CI_PROB) / 2
        for name in LEARNED:
            low, middle, high = np.quantile(values[name], [tail, 0.5, 1 - tail], axis=0)
            table[name], table[f"{name}_lo"], table[f"{name}_hi"] = middle, low, high
        return table

    @cached_property
    def sizes(self) -> pd.DataFrame:
        """How large events of every kind are.

        Rows by ``kind`` and ``at_least`` (people): ``events`` of the kind, and median and ends of
        the 95 % interval (``lo``, ``hi``) of ``share``, the share of events of such a toll or more.
        """
        import pandas as pd

        tail, at = (1 - CI_PROB) / 2, np.array(SIZES, dtype=float)
        times = Counter(self.kinds[event] for event in self.reports.events)
        rows = []
        for place, (kind, events) in enumerate(times.items()):
            laws = self.natural.law[:, place]
            shares = np.array([surviving(law, at, self.threshold)[0] for law in laws])
            low, middle, high = np.quantile(shares, [tail, 0.5, 1 - tail], axis=0)
            rows += [(kind, events, *own) for own in zip(SIZES, middle, low, high, strict=True)]
        return pd.DataFrame(rows, columns=["kind", "events", "at_least", "share", "lo", "hi"])

    @cached_property
    def events(self) -> pd.DataFrame:
        """The toll of every event.

        Columns ``event``, ``kind``, ``reports`` (statements used), ``verified_lo``, ``verified_hi``
        (missing where nothing was verified), ``median``, ``lo`` and ``hi`` (95 %) in people, and
        ``conflict``, the largest probability that one of its statements is a gross error.
        """
        import pandas as pd

        tail = (1 - CI_PROB) / 2
        each = np.array(
            [
                [
                    *(self._quantile(p, q) for q in (tail, 0.5, 1 - tail)),
                    self.posteriors.gross[p].max(),
                    len(self.posteriors.gross[p]),
                ]
                for p in range(len(self.patterns.patterns))
            ]
        )[self.pattern]
        ends = [self.verified.get(event) for event in self.reports.events]
        low, high = (pd.array([e and e[i] for e in ends], dtype="Int64") for i in range(2))
        return pd.DataFrame(
            {
                "event": list(self.reports.events),
                "kind": [self.kinds[event] for event in self.reports.events],
                "reports": each[:, 4].astype(int),
                "verified_lo": low,
                "verified_hi": high,
                "median": each[:, 1].astype(int),
                "lo": each[:, 0].astype(int),
                "hi": each[:, 2].astype(int),
                "conflict": each[:, 3],
            }
        )

    @cached_property
    def conflicts(self) -> pd.DataFrame:
        """Statements that no honest count explains, the surest first.

        Columns ``event``, ``source``, ``stated``, ``gross`` (probability that it is a gross error),
        ``median``, ``lo`` and ``hi`` (95 %) of the event's toll; those with a probability above one
        half, and odds three times those of any statement of the source.
        """
        import pandas as pd

        rows, usual = [], self.natural.gross.mean(axis=0)
        for place, pattern in enumerate(self.patterns.patterns):
            for (voice, said), gross in zip(
                pattern.statements, self.posteriors.gross[place], strict=True
            ):
                rises = gross * (1 - usual[voice]) > RISE * usual[voice] * (1 - gross)
                if gross > SURE and rises:
                    rows += [
                        (i, self.reports.voices[voice].name, said.told(), gross)
                        for i in pattern.events
                    ]
        events = self.events
        table = pd.DataFrame(
            {
                "event": [self.reports.events[i] for i, *_ in rows],
                "source": [name for _, name, *_ in rows],
                "stated": [told for *_, told, _ in rows],
                "gross": np.array([gross for *_, gross in rows], dtype=float),
            }
        )
        for column in ("median", "lo", "hi"):
            table[column] = events[column].to_numpy()[[i for i, *_ in rows]]
        return table.sort_values(["gross", "event"], ascending=[False, True], ignore_index=True)

    def _quantile(self, pattern: int, probability: float) -> int:
        """Return the smallest toll that holds a probability; cells of many are even inside."""
        low, high, mass = self.posteriors.of(pattern)
        below = np.cumsum(mass)
        cell = min(int(np.searchsorted(below, probability * below[-1])), len(mass) - 1)
        inside = (probability - (below[cell] - mass[cell])) / max(mass[cell], 1e-300)
        wide = high[cell] - low[cell] + 1
        return int(low[cell] + min(max(int(np.ceil(inside * wide)) - 1, 0), wide - 1))

    def toll(self, event: str) -> pd.DataFrame:
        """Return the posterior of one event's toll.

        Parameters
        ----------
        event : str

        Returns
        -------
        DataFrame
            ``low``, ``high`` (people, both included; one number near what is stated) and
            ``probability``, which adds up to one.

        Raises
        ------
        KeyError
            If no report speaks of such an event.

        Examples
        --------
        >>> panel.toll("2017-10-01_NV_las_vegas")  # doctest: +SKIP
        """
        import pandas as pd

        if event not in self._place:
            near = nearest(str(event), self._place)
            hint = f'; did you mean "{near}"?' if near else ""
            raise KeyError(f'no report of an event "{shown(str(event))}"{hint}')
        low, high, mass = self.posteriors.of(int(self.pattern[self._place[event]]))
        some = mass > 0
        return pd.DataFrame({"low": low[some], "high": high[some], "probability": mass[some]})

    def _headline(self) -> str:
        reports, events = len(self.reports.statements), len(self.reports.events)
        return (
            f"{_some(reports, 'count')} of {self.measure} by "
            f"{_some(len(self.reports.voices), 'source')} in {_some(events, 'event')}, "
            f"{len(self.verified):,} of them verified later."
        )

    def _rows(self) -> list[tuple[str, ...]]:
        found = []
        for row in self.sources.to_dict("records"):
            found.append(
                (
                    str(row["source"]),
                    f"{row['reports']:,}",
                    f"{row['verified']:,}",
                    *(_told(row, name) for name in LEARNED),
                )
            )
        return found

    def _lines(self) -> list[str]:
        """Return what stands below the table of sources."""
        conflicts = self.conflicts
        found = [
            f"{len(conflicts):,} statements are rather gross errors than counts"
            if len(conflicts) > 1
            else f"{len(conflicts) or 'No'} statement is rather a gross error than a count"
        ]
        if len(conflicts):
            first = [
                f"{row['event']}: {row['source']} states {row['stated']}, the toll is "
                f"{_people(row['lo'], row['hi'])}"
                for row in conflicts.head(TOLD).to_dict("records")
            ]
            more = ", among them" if len(conflicts) > TOLD else ""
            found[0] += f"{more}: {'; '.join(first)}"
        by_kind = self.sizes.groupby("kind", sort=False)
        for kind, rows in by_kind:
            shares = [
                f"{_shares(row)} {'have deaths' if size == 1 else f'{size:,} or more'}"
                for size, row in zip(SIZES, rows.to_dict("records"), strict=True)
                if 100 * row["share"] >= FEWEST
            ]
            of = f" ({kind})" if len(by_kind) > 1 else ""
            found.append(f"Of events{of} {', '.join(shares) or 'hardly any have deaths'}")
        left = {what: n for what, n in self.reports.counts.items() if what not in ("read", "used")}
        aside = ", ".join(f"{what} ({n:,})" for what, n in left.items() if n)
        read, used = (self.reports.counts[what] for what in ("read", "used"))
        found.append(
            f"{_some(read, 'row')} read, {used:,} used" + (f"; not used: {aside}" if aside else "")
        )
        return [*(f"{line}." for line in found), *self.notes]

    def summary(self) -> str:
        """Return what was learned, as text for a terminal."""
        table = text_table(_HEADER, self._rows())
        lines = [self._headline(), "", table, "", *self._lines(), self._diagnosed()]
        return "\n".join(all_inert(lines))

    def _diagnosed(self) -> str:
        found = self.diagnostics
        state = "sound" if found.ok else "failed: " + "; ".join(found.reasons)
        return (
            f"Diagnostics {state}: R-hat {found.rhat:.3f}, at least {found.ess:,.0f} "
            f"effective draws; {self.engine}, seed {self.seed}, {self.digest[:19]}."
        )

    def __repr__(self) -> str:
        return f"<Panel: {self._headline()}>"

    def _repr_html_(self) -> str:
        return "".join(
            [
                markup.paragraph(self._headline()),
                markup.table(_HEADER, self._rows()),
                markup.notes([*self._lines(), self._diagnosed()]),
            ]
        )

    def to_dict(self, *, events: bool = True) -> dict[str, Any]:
        """Return what was learned as plain data.

        Parameters
        ----------
        events : bool
            Whether with every event and all conflicts; of many they stand better in tables.

        Returns
        -------
        dict
        """
        found = {
            "tolls": VERSION,
            "measure": self.measure,
            "digest": self.digest,
            "engine": self.engine,
            "seed": self.seed,
            "threshold": self.threshold,
            "rows": dict(self.reports.counts),
            "sources": _plain(self.sources),
            "sizes": _plain(self.sizes),
            "diagnostics": {
                "ok": self.diagnostics.ok,
                "rhat": self.diagnostics.rhat,
                "ess": self.diagnostics.ess,
                "reasons": list(self.diagnostics.reasons),
            },
            "notes": list(self.notes),
        }
        if events:
            found["events"] = _plain(self.events)
            found["conflicts"] = _plain(self.conflicts)
        return found


def _plain(table: pd.DataFrame) -> list[dict[Any, Any]]:
    """Return rows in which what is missing is None."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def _shares(row: Mapping[Any, Any]) -> str:
    """Return a share and its interval in percent."""
    ends = (100 * float(row[column]) for column in ("share", "lo", "hi"))
    middle, low, high = (ratio(max(own, FEWEST)) for own in ends)
    return f"{middle} % ({low} to {high})"


def _some(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _people(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _told(row: Mapping[Any, Any], name: str) -> str:
    """Return median and interval of what was learned, in few digits."""
    middle, low, high = (float(row[column]) for column in (name, f"{name}_lo", f"{name}_hi"))
    if np.isnan(middle):
        return "not told"
    if name in ("repeats", "gross", "definition"):
        return f"{100 * middle:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
    if name == "bias":
        return f"{ratio(middle)} ({ratio(low)} to {ratio(high)})"
    sign = "+" if name == "offset" else ""
    middle, low, high = (round(number, 2) + 0.0 for number in (middle, low, high))  # no -0.00
    return f"{middle:{sign}.2f} ({low:{sign}.2f} to {high:{sign}.2f})"


_HEADER = (
    "source", "counts", "verified", "repeats the record", "gross errors", "own : record",
    "spread of its own", "counts as the toll", "counts more by",
)  # fmt: skip
