"""From a case to an estimate: gathers the evidence, runs an engine, judges, refuses by default."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.apportionment import check_sizes, integer_tolls
from tolls.case import Case
from tolls.convergence import Diagnostics, diagnose, diagnose_weights, judged_together
from tolls.errors import ON_FAILURE, InputError, check_choice, refuse
from tolls.estimate import Estimate
from tolls.evidence import Evidence, gather
from tolls.formatting import count
from tolls.simulation import check_seed, draw_sizes
from tolls.trees import lengths, needed, node_labels

__all__ = ["fit", "fit_evidence", "from_pymc"]

ENGINES = ("auto", "collapsed", "nuts")
PRIOR_DRAWS = 10_000
OTHER_MEASURE = 2**40  # added to the seed for each measure beside the killed: streams of its own

type Arrays = Mapping[str, NDArray[Any]]


def fit(
    case: Case,
    *,
    seed: int,
    engine: str = "auto",
    as_of: date | str | None = None,
    on_failure: str = "raise",
) -> Estimate:
    """Estimate the tolls of a case.

    Parameters
    ----------
    case : Case
        From `read_case` or built in Python.
    seed : int
        Seed of all random numbers, 0 or more. The same case, seed, engine, versions and type of
        machine give the same draws.
    engine : {"auto", "collapsed", "nuts"}
        ``collapsed`` integrates the sources out and samples what is left by importance; ``nuts``
        samples the PyMC model. ``auto`` is collapsed where its diagnostics hold, else nuts, and
        then says why.
    as_of : date or ISO str, optional
        Use nothing published later; the harm is then estimated up to that day.
    on_failure : {"raise", "warn"}
        What happens where the diagnostics fail.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        If an argument is out of range or no report is left.
    EstimateRefused
        If the diagnostics fail; its ``estimate`` holds what is known.

    Examples
    --------
    >>> import tolls
    >>> case = tolls.read_case("models/syria-coast-2025")
    >>> estimate = tolls.fit(case, seed=1)  # doctest: +SKIP
    """
    check_choice("engine", engine, ENGINES)
    check_choice("on_failure", on_failure, ON_FAILURE)
    check_seed(seed)
    evidence = gather(case, as_of)
    for own in (evidence, *evidence.others.values()):
        check_sizes(own.case.root_prior, own.case.categories)
    estimate = _ENGINES[engine](evidence, seed)
    others = {
        measure: _ENGINES[engine](own, seed + OTHER_MEASURE * place)
        for place, (measure, own) in enumerate(evidence.others.items(), 1)
    }
    return _judged(_together(estimate, others), on_failure)


def fit_evidence(
    evidence: Evidence, *, seed: int, engine: str = "auto", on_failure: str = "raise"
) -> Estimate:
    """Estimate the tolls of one measure from what was gathered on it.

    Parameters
    ----------
    evidence : Evidence
        From `gather`, or one of its ``others``, which are left aside.
    seed, engine, on_failure
        As in `fit`.

    Returns
    -------
    Estimate

    Raises
    ------
    EstimateRefused
        If the diagnostics fail.
    """
    return _judged(_ENGINES[engine](evidence, seed), on_failure)


def _together(estimate: Estimate, others: Mapping[str, Estimate]) -> Estimate:
    """Put the estimates of other measures beside that of the killed, and judge all as one."""
    told = [w for own in others.values() for w in own.warnings[len(own.evidence.warnings) :]]
    judged = judged_together(
        {e.case.measure: e.diagnostics for e in (estimate, *others.values())},
        node_labels([e.evidence for e in (estimate, *others.values())]),
    )
    return replace(
        estimate,
        diagnostics=judged,
        warnings=tuple(dict.fromkeys((*estimate.warnings, *told))),
        others=others,
    )


def from_pymc(
    case: Case, tree: Any, *, as_of: date | str | None = None, on_failure: str = "raise"
) -> Estimate:
    """Make an estimate of one's own draws of `pymc_model`.

    Parameters
    ----------
    case : Case
        The case that the model was built from.
    tree : DataTree
        With a ``posterior`` group as ``pymc.sample`` returns it, of the model or of one that
        extends it.
    as_of : date or ISO str, optional
        The date that the model was built as of.
    on_failure : {"raise", "warn"}
        What happens where the diagnostics fail.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        If a variable is missing or its length does not fit the case.
    EstimateRefused
        If the diagnostics fail.
    """
    check_choice("on_failure", on_failure, ON_FAILURE)
    evidence = gather(case, as_of)
    if "posterior" not in getattr(tree, "children", ()):
        raise InputError(
            f"tree: is a {type(tree).__name__} without a group posterior; allowed: a DataTree as "
            "pymc.sample returns it"
        )
    found = tree["posterior"]
    required = needed(evidence)
    problems = [f"posterior: {name} is missing" for name in required if name not in found]
    posterior = {}
    for name in (*required, "share"):
        if name in found:
            values = np.asarray(found[name], dtype=np.float64)
            due = lengths(evidence, name)
            if due and list(values.shape[2:]) != due:
                problems.append(
                    f"posterior: {name} has shape {values.shape[2:]}; allowed: {due[0]} entries, "
                    "as in the case as of this date"
                )
            posterior[name] = values
    if problems:
        raise InputError(problems)
    stats = tree.children.get("sample_stats")
    divergences = int(stats["diverging"].sum()) if stats and "diverging" in stats else 0
    found = _chains(evidence, posterior, divergences)
    return _judged(_assembled(evidence, "pymc", None, found), on_failure)


@dataclass(frozen=True)
class _Found:
    """What an engine found: draws of everything but whole tolls, and what to make of them."""

    posterior: Arrays
    tolls: NDArray[np.int64]
    diagnostics: Diagnostics


def _auto(evidence: Evidence, seed: int) -> Estimate:
    """Run collapsed, or nuts where that is no good, and say why."""
    from tolls.collapsed import MOST_DIMENSIONS
    from tolls.coordinates import Coordinates

    dimension = Coordinates(evidence).dimension
    if dimension > MOST_DIMENSIONS:
        why = f"{dimension} dimensions are more than the collapsed engine's {MOST_DIMENSIONS}"
        return _nuts(evidence, seed, (f"sampled by nuts: {why}",))
    estimate = _collapsed(evidence, seed)
    if estimate.diagnostics.ok:
        return estimate
    why = f"the collapsed engine failed ({'; '.join(estimate.diagnostics.reasons)})"
    told = estimate.warnings[len(evidence.warnings) :]
    return _nuts(evidence, seed, (f"sampled by nuts: {why}", *told))


def _collapsed(evidence: Evidence, seed: int) -> Estimate:
    """Run the collapsed engine."""
    from tolls.collapsed import run

    found = run(evidence, seed)
    told: tuple[str, ...] = ()
    if len(found.modes) > 1:
        each = " and ".join(
            f"around {count(size, size)} with probability {mass:.2f}" for mass, size in found.modes
        )
        told = (
            f"sources contradict each other: {evidence.case.names[0]} lies {each}, and an interval "
            "may span values between that no source supports",
        )
    names = evidence.case.names
    return _assembled(
        evidence,
        "collapsed",
        seed,
        _Found(
            found.arrays,
            _whole(evidence, found.arrays, seed),
            diagnose_weights(found.weighted, found.log_size, names),
        ),
        told,
    )


def _nuts(evidence: Evidence, seed: int, told: tuple[str, ...] = ()) -> Estimate:
    """Run nuts, and again for longer where a run fails its diagnostics."""
    from tolls.nuts import ATTEMPTS, compile_model, sample

    compiled = compile_model(evidence)
    again: tuple[str, ...] = ()
    for settings in ATTEMPTS:
        posterior, divergences = sample(compiled, seed=seed, settings=settings)
        found = _chains(evidence, posterior, divergences, seed)
        estimate = _assembled(evidence, "nuts", seed, found, (*told, *again))
        if estimate.diagnostics.ok:
            break
        reasons = "; ".join(estimate.diagnostics.reasons)
        again = (*again, f"a run failed ({reasons}): sampled again, longer and in smaller steps")
    return estimate


_ENGINES = {"auto": _auto, "collapsed": _collapsed, "nuts": _nuts}


def _chains(
    evidence: Evidence, posterior: Arrays, divergences: int, seed: int | None = None
) -> _Found:
    """Judge Markov chains of everything, whole tolls among it."""
    tolls = _whole(evidence, posterior, seed)
    everything: dict[str, NDArray[Any]] = {"toll": tolls, **posterior}
    judged = diagnose(everything, evidence.case.names, divergences)
    return _Found(posterior, tolls, judged)


def _streams(seed: int | None) -> tuple[int, int]:
    """Seeds of the rounding to whole people, and of the prior."""
    first, second = np.random.SeedSequence([seed or 0, 1]).generate_state(2, np.uint32)
    return int(first), int(second)


def _whole(evidence: Evidence, posterior: Arrays, seed: int | None) -> NDArray[np.int64]:
    """Round sizes to whole people."""
    size = posterior["size"]
    log_size = np.log(size).reshape(-1, size.shape[-1])
    whole = integer_tolls(log_size, evidence.case.categories, _streams(seed)[0])
    return whole.reshape(size.shape)


def _assembled(
    evidence: Evidence,
    engine: str,
    seed: int | None,
    found: _Found,
    told: tuple[str, ...] = (),
) -> Estimate:
    """Add the prior to what an engine drew."""
    case, before = evidence.case, _streams(seed)[1]
    sizes = draw_sizes(case, PRIOR_DRAWS, np.random.default_rng(before))
    prior = integer_tolls(np.log(sizes), case.categories, before)[None]
    return Estimate(
        evidence=evidence,
        engine=engine,
        seed=seed,
        posterior={"toll": found.tolls, **found.posterior},
        prior={"toll": prior},
        diagnostics=found.diagnostics,
        warnings=(*evidence.warnings, *told),
    )


def _judged(estimate: Estimate, on_failure: str) -> Estimate:
    """Return a sound estimate; refuse or warn about any other."""
    if estimate.diagnostics.ok:
        return estimate
    reason = (
        f"{estimate.case.title}: the estimate is refused: "
        f"{'; '.join(estimate.diagnostics.reasons)}. Try another seed; look for reports that "
        "contradict each other by orders of magnitude (tolls check), for a root range that none of "
        'them fits, or pass on_failure="warn" to look at the draws all the same.'
    )
    refuse(reason, estimate, on_failure)
    return estimate
