r"""Writes what a panel learned of its sources as a reliability scale for new cases.

A case knows of a source its bias on the event, which all its statements share, and their scatter.
A panel has one count of a source per event, which tells the two together: of the log of stated :
recorded of its honest statements the median is the bias, and half the mean square about it goes to
the spread of the bias and half to scatter. What the common record is off the toll is an error that
all sources share, so it goes to the scale's shared bias.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.constants import ROOTS, VERSION
from tolls.errors import InputError, check_path, check_type
from tolls.panel import Panel
from tolls.paneldensity import counting
from tolls.storage import made, write_atomically

__all__ = ["check_measure", "learn"]

type Floats = NDArray[np.floating[Any]]
type Ints = NDArray[np.int64]

DRAWS = 20_000  # events and records from which an error is taken: its sd to one part in 200
LEAST = 0.01  # sd (log scale): nobody counts better than to one in a hundred
HALF = 0.5  # people: what stands for nobody in a logarithm


def learn(panel: Panel, path: str | Path | None = None) -> str:
    """Write what was learned of the sources as a reliability scale.

    A new case names the file in ``reliability = "…"``: sources that it knows by their names then
    have these priors in place of those of grade and kind, and ``tolls.sensitivity`` shows what the
    tolls would be without. Learned is what holds of tolls as large as the panel's: of an error of
    one person a log scale makes the more, the fewer were killed.

    Parameters
    ----------
    panel : Panel
        Of the killed, with diagnostics that hold.
    path : str or Path, optional
        File to write, whole or not at all.

    Returns
    -------
    str
        The scale, as TOML, with what it was learned from.

    Raises
    ------
    InputError
        If the panel is of another measure or its diagnostics fail.

    Examples
    --------
    >>> tolls.learn(panel, "models/learned.toml")  # doctest: +SKIP
    """
    check_type("panel", panel, Panel, "a Panel, as tolls.fit_panel returns it")
    check_measure(panel.measure)
    if not panel.diagnostics.ok:
        raise InputError(
            f"panel: its diagnostics fail ({'; '.join(panel.diagnostics.reasons)}); fit it again"
        )
    text = "\n".join(_lines(panel)) + "\n"
    if path is not None:
        check_path("path", path)
        made(Path(path).parent)
        write_atomically(path, text.encode())
    return text


def check_measure(measure: str) -> None:
    """Refuse to learn from counts of anything but the killed."""
    if measure != ROOTS[0]:
        raise InputError(
            f"panel: is of the {measure}; a scale holds priors for the {ROOTS[0]}, learn it from a "
            f'panel of measure="{ROOTS[0]}"'
        )


def _lines(panel: Panel) -> Iterator[str]:
    rng = np.random.default_rng([panel.seed, int(panel.digest[-15:], 16)])
    tolls = _tolls(panel, rng)
    draw = rng.integers(len(panel.natural.listed), size=DRAWS)
    record, by_toll = _records(panel, tolls, draw, rng)
    events, verified = len(panel.reports.events), len(panel.verified)
    few, many = np.quantile(tolls, [0.05, 0.95])
    yield f"# Learned by tolls {VERSION} (tolls.learn) from {events:,} events, {verified:,} of them"
    yield f"# verified later; {few:,.0f} to {many:,.0f} people were killed in nine of ten of those"
    yield f"# with deaths. Panel {panel.digest}, seed {panel.seed}."
    if verified:
        off = math.sqrt(float(np.mean(np.log(np.maximum(record, HALF) / tolls) ** 2)))
        yield ""
        yield "# what the common record is off the toll, an error that all sources share"
        yield "[shared_bias]"
        yield f"sd = {max(off, LEAST):.3g}"
    else:
        yield "# Nothing was verified, so the error that all sources share is not learned."
    heard = Counter(panel.reports.statements.voice.tolist())
    best: dict[str, int] = {}  # a source that counts several categories: the one it counts most
    for voice, _ in heard.most_common():
        best.setdefault(panel.reports.voices[voice].source, voice)
    for source, voice in sorted(best.items()):
        own = panel.reports.voices[voice]
        error = _errors(panel, voice, record, by_toll, draw, rng)
        bias = float(np.median(error))
        half = math.sqrt(float(np.mean((error - bias) ** 2)) / 2)
        honest = 1 - panel.natural.gross[:, voice]
        a, b = _beta(honest)
        for name in panel.reports.members.get(source, (source,)):  # cases know sources, not groups
            yield ""
            yield f"[sources.{json.dumps(name, ensure_ascii=False)}]" + (
                f"  # as {own.name}" if own.name != name else ""
            )
            yield f"bias = {math.exp(bias):.3g}"
            yield f"bias_sd = {max(half, LEAST):.3g}"
            yield f"scatter = {max(half, LEAST):.3g}"
            yield f"reliability = [{a:.4g}, {b:.4g}]"
            yield f"counts = {heard[voice]}"


def _tolls(panel: Panel, rng: np.random.Generator) -> Ints:
    """Draw tolls of events with deaths from their posteriors."""
    found: Ints = np.zeros(0, dtype=np.int64)
    pattern = panel.patterns.count / panel.patterns.count.sum()
    for _ in range(100):
        drawn = [found]
        for p, times in enumerate(rng.multinomial(DRAWS, pattern)):
            if times:
                low, high, mass = panel.posteriors.of(p)
                cell = rng.choice(len(mass), size=times, p=mass / mass.sum())
                drawn.append(rng.integers(low[cell], high[cell] + 1))
        found = np.concatenate(drawn)
        found = found[found > 0]
        if len(found) >= DRAWS:
            rng.shuffle(found)
            return found[:DRAWS]
    raise InputError("panel: hardly an event has deaths, so that nothing is learned of counts")


def _records(
    panel: Panel, tolls: Ints, draw: Ints, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Draw the common record of events, and what stands there by the definition of the toll."""
    presets = panel.space.presets
    reach, spreads = presets.panels.reach, np.array(presets.panels.record_spreads)
    side = tolls >= panel.threshold if panel.threshold is not None else np.zeros(DRAWS, dtype=bool)
    which = _drawn(panel.natural.record[draw, side.astype(np.int64)], rng)
    moved = np.maximum(tolls + which - reach, 0).astype(float)
    noise = np.sqrt(counting(tolls, tolls, presets))
    sd = np.hypot(spreads[np.maximum(which - 2 * reach - 1, 0)], noise)
    wide = np.rint(tolls * np.exp(sd * rng.standard_normal(DRAWS)))
    record: Floats = np.where(which > 2 * reach, wide, moved)
    by_toll: Floats = np.where((which > 2 * reach) | (record == 0), record, tolls)
    return record, by_toll


def _errors(
    panel: Panel,
    voice: int,
    record: Floats,
    by_toll: Floats,
    draw: Ints,
    rng: np.random.Generator,
) -> Floats:
    """Draw the log of stated : recorded of a voice's honest statements."""
    own, presets = panel.natural, panel.space.presets
    reach = presets.panels.reach
    which = _drawn(own.offset[draw, voice], rng)
    as_toll = rng.random(DRAWS) < own.definition[draw, voice]
    stated = np.where(as_toll, by_toll, record + which - reach)
    repeated = np.log(np.maximum(stated, HALF) / np.maximum(record, HALF))
    sd = np.hypot(own.spread[draw, voice], np.sqrt(counting(record, record, presets)))
    estimated = own.bias[draw, voice] + sd * rng.standard_normal(DRAWS)
    agrees = rng.random(DRAWS) < own.agreement[draw, voice]
    found: Floats = np.where(agrees, repeated, estimated)
    return found


def _drawn(shares: Floats, rng: np.random.Generator) -> Ints:
    """Draw a place in every row of shares, (draw, share)."""
    below = shares.cumsum(axis=1)
    found: Ints = (below < rng.random((len(below), 1)) * below[:, -1:]).sum(axis=1)
    return found


def _beta(honest: Floats) -> tuple[float, float]:
    """Return a Beta with the mean and variance of draws."""
    mean, variance = float(honest.mean()), float(honest.var())
    strength = mean * (1 - mean) / variance - 1
    return mean * strength, (1 - mean) * strength
