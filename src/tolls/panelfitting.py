"""Fits a panel: reads, gathers, samples, and refuses what did not converge."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls import panelchains
from tolls.constants import MEASURES, ROOT_WORDS
from tolls.convergence import Diagnostics, diagnose
from tolls.errors import ON_FAILURE, InputError, check_choice, check_type, refuse
from tolls.panel import Panel
from tolls.paneldensity import Density
from tolls.panelkinds import read_kinds
from tolls.panelmode import agrees, found_mode, thinned
from tolls.panelpriors import Space, mean_offset
from tolls.panelrows import Reports, read_reports
from tolls.panelsources import read_sources
from tolls.paneltolls import toll_posteriors
from tolls.paneltruth import checked_threshold, read_verified
from tolls.patterns import gathered
from tolls.presets import load_presets
from tolls.simulation import check_seed

__all__ = ["fit_panel"]

type Floats = NDArray[np.floating[Any]]

ENGINES = ("nutpie", "numpyro")


def fit_panel(
    reports: Any,
    truth: Any = None,
    *,
    seed: int,
    measure: str = "killed",
    categories: Sequence[str] = (),
    sources: Mapping[str, Mapping[str, str]] | str | Path | None = None,
    kinds: Any = None,
    threshold: int | None = None,
    reliability: str = "admiralty",
    engine: str = "nutpie",
    on_failure: str = "raise",
) -> Panel:
    r"""Learn from many events what their sources are worth, and every event's toll.

    Every event has a toll and a common record, what the news archive says; a source repeats the
    record, by its own definition of who counts, or makes an estimate of its own, or errs grossly.
    How often it does which is learned, above all from events whose toll was verified later. Tolls
    and records are summed out, so that the sampler meets the sources' parameters alone.

    Parameters
    ----------
    reports : str, Path, DataFrame or list of mappings
        A row per count: columns ``event``, ``source`` and ``value``; or, as ``qualifier`` says,
        ``low`` and ``high`` (range, estimate) or ``words`` (words). The other columns are those of
        a ``reports.csv``. A blank count says nothing, and is no zero.
    truth : str, Path, DataFrame, list of mappings or mapping, optional
        Tolls that a register verified later: ``event`` with ``value``, or ``low`` and ``high`` (an
        empty end is open); or ``{event: toll}``, ``{event: (low, high)}``.
    seed : int
    measure : str
        ``killed``, ``injured``, ``missing`` or ``dead_or_missing``.
    categories : sequence of str
        Categories that count the toll beside ``all``, each by a definition of its own (as
        ``victims`` does, without the offender); others are set aside and counted.
    sources : mapping of str to mapping, str or Path, optional
        ``grade``, ``kind`` and ``group`` of sources, the priors of what is learned; or a TOML file
        of ``[sources.NAME]`` tables.
    kinds : str, Path, DataFrame, list of mappings or mapping, optional
        Kind of every event, ``event`` with ``kind``, or ``{event: kind}``; each kind has sizes of
        its own.
    threshold : int, optional
        Smallest toll that the register of verified tolls holds. Where it is left out, verified
        events are taken for a random sample, and a note says so.
    reliability : str
        Scale of the grades, as of a case.
    engine : str
        ``nutpie``, the fastest on a few cores; or ``numpyro``, the same density compiled by JAX,
        for a graphics card or many cores. Draws differ, the posterior does not.
    on_failure : str
        ``raise``, or ``warn`` to see draws whose diagnostics fail.

    Returns
    -------
    Panel

    Raises
    ------
    InputError
        With every fault of the tables and arguments.
    EstimateRefused
        If the diagnostics fail; its ``estimate`` holds the panel.

    Examples
    --------
    >>> import tolls
    >>> rows = [
    ...     {"event": "a", "source": "wire", "value": 3},
    ...     {"event": "a", "source": "monitor", "value": 4},
    ... ]
    >>> panel = tolls.fit_panel(rows, {"a": 4}, seed=1)  # doctest: +SKIP

    References
    ----------
    Dawid and Skene (1979), Maximum likelihood estimation of observer error-rates using the EM
    algorithm, Applied Statistics 28(1): that agreement tells what sources are worth.
    """
    check_seed(seed)
    check_type("measure", measure, str, ", ".join(MEASURES))
    check_choice("measure", measure, MEASURES)
    _check_categories(categories)
    check_choice("engine", engine, ENGINES)
    check_choice("on_failure", on_failure, ON_FAILURE)
    threshold = checked_threshold(threshold, truth is not None)
    presets = load_presets(reliability, Path())
    declared = read_sources(sources, presets)
    read = read_reports(
        reports, measure=measure, categories=categories, sources=declared, presets=presets
    )
    verified, left = read_verified(truth, read.events, measure=measure, threshold=threshold)
    kind, unspoken = read_kinds(kinds, read.events)
    names = tuple(dict.fromkeys(kind.values()))
    patterns = gathered(
        read, verified, [names.index(kind[e]) for e in read.events], threshold, presets
    )
    space = Space(read.voices, len(names), threshold, presets)
    density = Density(patterns, space, threshold)
    notes: list[str] = list(_noted(read, categories, verified, left, threshold))
    if unspoken:
        notes.append(f"Events with a kind that no report speaks of: {unspoken:,}.")
    sample = _sampler(engine)
    mode = found_mode(density, space.start(seed))
    thin = thinned(density, mode, np.random.default_rng(seed))
    attempts = panelchains.ATTEMPTS
    for times, settings in enumerate(attempts, 1):
        values, divergences = sample(thin, mode, seed=seed, settings=settings)
        draws = mode.points(values)
        judged = diagnose(*_asked(space, draws), divergences)
        if not agrees(density, thin, draws.reshape(-1, space.dimensions)):
            thin, judged = density, _thin(judged)
        if judged.ok or times == len(attempts):
            break
        notes.append(
            f"A run failed ({'; '.join(judged.reasons)}): sampled again, longer and in smaller "
            "steps."
        )
    panel = Panel(
        measure,
        read,
        verified,
        kind,
        threshold,
        space,
        patterns,
        toll_posteriors(density, draws.reshape(-1, space.dimensions)),
        draws,
        judged,
        engine,
        int(seed),
        _digest(read, verified, kind, threshold, space),
        tuple(notes),
    )
    return _judged(panel, on_failure)


def _check_categories(categories: object) -> None:
    """Refuse what is no row of names."""
    if isinstance(categories, str):
        raise InputError(f'categories: is a text; allowed: a tuple, as ("{categories}",)')
    check_type("categories", categories, Sequence, 'names, as ("victims",)')
    for name in categories:  # type: ignore[attr-defined]
        check_type("categories", name, str, 'names, as ("victims",)')


def _judged(panel: Panel, on_failure: str) -> Panel:
    """Return a sound panel; refuse or warn about any other."""
    if panel.diagnostics.ok:
        return panel
    reason = (
        f"the panel is refused: {'; '.join(panel.diagnostics.reasons)}. Try another seed; look for "
        "a source that few events share with others, or whose counts are of another thing, or pass "
        'on_failure="warn" to look at the draws all the same.'
    )
    refuse(reason, panel, on_failure)
    return panel


def _sampler(engine: str) -> Any:
    """Return what samples; a JAX that nobody asked for is not loaded."""
    if engine == "numpyro":
        from tolls import panelnumpyro

        return panelnumpyro.sample
    return panelchains.sample


def _asked(space: Space, draws: Floats) -> tuple[dict[str, Floats], tuple[str, ...]]:
    """Return what a panel tells of its unknowns, (chain, draw, …), for their convergence.

    Of shares of offsets the mean: one that is next to nothing in all draws wanders far on the log
    scale, and changes no answer.
    """
    own, reach = space.natural(draws), space.presets.panels.reach
    moved = own.record[..., : 2 * reach + 1]
    record = np.stack([moved[..., reach], mean_offset(moved), moved.sum(axis=-1)], axis=-1)
    quantities = {
        "toll": own.bias,
        "spread": own.spread,
        "gross": own.gross,
        "agreement": own.agreement,
        "offset": mean_offset(own.offset),
        "law": own.law.reshape(*own.law.shape[:-2], -1),
        "listed": own.listed,
    }
    if len(space.voices) > 1:
        quantities["definition"] = own.definition
        quantities["record"] = record.reshape(*record.shape[:-2], -1)
    return quantities, tuple(voice.name for voice in space.voices)


def _thin(judged: Diagnostics) -> Diagnostics:
    """Say that the draws are of a density that left out what matters."""
    why = "points were left out that matter"
    return replace(judged, ok=False, reasons=(*judged.reasons, why))


def _noted(
    read: Reports,
    categories: Sequence[str],
    verified: Mapping[str, Any],
    left: Mapping[str, int],
    threshold: int | None,
) -> Sequence[str]:
    """Say what the numbers rest on."""
    notes = []
    if len(read.voices) == 1:
        notes.append(
            f"{read.voices[0].name} speaks alone: nothing tells whether it or the common record "
            "strays from tolls, so all by which its counts differ is taken for its own."
        )
    if not verified:
        notes.append(
            "No toll was verified: how far the common record lies from the toll is known from the "
            "prior alone."
        )
    elif threshold is None:
        notes.append(
            "No threshold of the register is given: verified events are taken for a random sample "
            "of all, in sizes too."
        )
    counting = {*ROOT_WORDS, *MEASURES, *(voice.category.lower() for voice in read.voices)}
    if unheard := [name for name in categories if name.lower() not in counting]:
        notes.append(f"Categories that no count is of: {', '.join(unheard)}.")
    if read.extra:
        columns = ", ".join(f"{name} (rows: {n:,})" for name, n in read.extra.items())
        notes.append(f"Columns that were not read: {columns}.")
    if left:
        why = ", ".join(f"{what} ({n:,})" for what, n in left.items())
        notes.append(f"Verified tolls that were left out: {why}.")
    if read.set_aside:
        aside = ", ".join(f"{name} ({n:,})" for name, n in sorted(read.set_aside.items()))
        notes.append(f"Categories that were set aside, for they do not count the toll: {aside}.")
    return notes


def _digest(
    read: Reports,
    verified: Mapping[str, tuple[int, int]],
    kinds: Mapping[str, str],
    threshold: int | None,
    space: Space,
) -> str:
    """Return a digest of everything that the numbers rest on."""
    digest = hashlib.sha256()
    for part in _parts(read, verified, kinds, threshold, space):
        digest.update(part.encode())
    return f"sha256:{digest.hexdigest()}"


def _parts(
    read: Reports,
    verified: Mapping[str, tuple[int, int]],
    kinds: Mapping[str, str],
    threshold: int | None,
    space: Space,
) -> Iterator[str]:
    """Yield the parts of a JSON text, which of a million events would be large; events by name."""
    told = read.statements
    said = [_json(astuple(one))[1:-1] for one in told.things]
    name = np.empty(len(read.events), dtype=np.int64)
    name[sorted(range(len(read.events)), key=read.events.__getitem__)] = np.arange(len(name))
    order = np.lexsort((told.voice, name[told.event]))
    yield f"[{_json([astuple(voice) for voice in read.voices])}, "
    yield from _array(
        f"[{_json(read.events[told.event[i]])}, {told.voice[i]}, {said[told.said[i]]}]"
        for i in order
    )
    yield from _array(_json([event, *verified[event]]) for event in sorted(verified))
    yield from _array(_json([event, kinds[event]]) for event in sorted(kinds))
    presets = [space.presets.model_dump(mode="json"), space.presets.panels.model_dump(mode="json")]
    yield _json([threshold, *presets])[1:]


def _array(texts: Iterable[str]) -> Iterator[str]:
    """Yield the parts of an array within another, of which the texts are elements."""
    yield "["
    for i, text in enumerate(texts):
        yield f", {text}" if i else text
    yield "], "


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=_plain)


def _plain(value: Any) -> Any:
    """Return a number of NumPy as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no part of a digest")
