"""One run of a calibration: a case is simulated, fitted, and the truth ranked among the draws.

What is ranked is not listed here: it is whatever a simulation knows and an estimate draws, under
the names that ArviZ gives it, and the log likelihood.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.apportionment import integer_tolls
from tolls.case import Case
from tolls.constants import ROOTS
from tolls.errors import EstimateRefused, InputError
from tolls.estimate import Estimate
from tolls.evidence import gather
from tolls.fitting import fit
from tolls.likelihood import log_likelihood
from tolls.measures import label
from tolls.simulation import draw_truth, simulate
from tolls.trees import DIMS, suffix

__all__ = ["DRAWS", "PRIOR", "RANKED", "SLOTS", "Fit", "fitted", "rank_run"]

type Draws = dict[str, NDArray[Any]]
type Values = dict[str, float]
type Fit = Callable[[Case, int], Estimate]

# Few enough that the draws left are as good as independent (an estimate holds at least 400
# effective ones, most hold over 2,000), and such that intervals of all levels end between ranks.
DRAWS = 199
SLOTS = DRAWS + 1  # values that a rank may take
RANKED, PRIOR = "ranked", "prior"  # of what was fitted, and of what no report spoke of
TOLD_BY_TOLLS = ("size", "share")


def fitted(case: Case, seed: int) -> Estimate:
    """Fit as anybody would, with the default engine."""
    return fit(case, seed=seed)


def rank_run(case: Case, run: int, seed: int, fit_case: Fit = fitted) -> dict[str, dict[str, int]]:
    """Simulate a case, fit it, and rank the truth among the draws.

    Parameters
    ----------
    case : Case
        Gives the design and the priors.
    run : int
        Number of the run; with `seed` it decides all random numbers.
    seed : int
        Seed of the calibration.
    fit_case : callable
        Makes an estimate of a case and a seed.

    Returns
    -------
    dict
        Under `RANKED` the rank, from 0 to `DRAWS`, of every quantity among draws of the estimate,
        ties broken at random. Under `PRIOR` that of each quantity of which no report speaks in this
        run ("at least 0" says nothing), among draws from its prior: that is what is left.

    Raises
    ------
    EstimateRefused
        If the fit is refused; the message names the seeds.
    RuntimeError
        If what was simulated cannot be read: a fault of the package.
    """
    of_case, of_fit, of_ranks = np.random.SeedSequence([seed, run]).generate_state(3).tolist()
    where = f"run {run} of seed {seed} (simulated with seed {of_case}, fitted with seed {of_fit})"
    rng = np.random.default_rng(of_ranks)
    try:
        simulated = simulate(case, seed=of_case)
        estimate = fit_case(simulated.case, of_fit) if _speaks(simulated.case) else None
    except EstimateRefused as refusal:
        raise EstimateRefused(f"{where}: {refusal}", refusal.estimate) from None
    except InputError as error:
        raise RuntimeError(f"{where}: what was simulated is refused: {error}") from error
    killed = case.names
    truth = _by_measure(case, simulated.tolls, simulated.parameters, of_ranks)
    ranked: dict[str, int] = {}
    heard = {e.case.measure: e for e in (estimate, *estimate.others.values())} if estimate else {}
    for measure, own in heard.items():
        true = _columns(_truth(own, truth[measure], simulated.tolls, killed), killed)
        for name, draws in _columns(_thinned(own), killed).items():
            # a whole toll may be certain, but a parameter that never moves is none
            if name.startswith("toll") or (draws != true[name]).any():
                ranked[name] = _rank(true[name][0], draws, rng)
    silent = {
        name: value
        for measure, values in truth.items()
        for name, value in values.items()
        if name not in ranked and ("[" in name or measure not in heard)
    }
    return {RANKED: ranked, PRIOR: _prior_ranks(case, silent, rng) if silent else {}}


def _speaks(case: Case) -> bool:
    """Tell whether any report is left to estimate from."""
    try:
        gather(case)
    except InputError:
        return False
    return True


def _rank(true: float, draws: NDArray[Any], rng: np.random.Generator) -> int:
    """Count the draws below the truth; among draws equal to it, its place is random."""
    return int((draws < true).sum() + rng.integers((draws == true).sum() + 1))


def _by_measure(
    case: Case, tolls: Mapping[str, float], parameters: Mapping[str, Any], seed: int
) -> dict[str, Values]:
    """Return what was drawn of every measure by name, tolls in whole people as estimates are."""
    found: dict[str, Values] = {}
    for measure, own in {ROOTS[0]: case, **case.others}.items():
        nodes = [label(measure, name, case.names) for name in own.names]
        if nodes[0] not in tolls:
            continue
        size = np.array([[tolls[node] for node in nodes]])
        whole = integer_tolls(np.log(size), own.categories, seed)[0].tolist()
        values = {f"toll[{node}]": toll for node, toll in zip(nodes, whole, strict=True)}
        drawn = parameters if measure == ROOTS[0] else parameters[measure]
        for name, value in drawn.items():
            known = name + suffix(measure)
            if not isinstance(value, Mapping):
                values[known] = value
            elif name not in ROOTS:
                values |= {f"{known}[{entry}]": number for entry, number in value.items()}
        found[measure] = values
    return found


def _names(own: Estimate, variable: str, killed: tuple[str, ...]) -> list[str]:
    """Return the names of a variable's entries."""
    case, dims = own.case, DIMS.get(variable, ())
    if not dims:
        return [variable + suffix(case.measure)]
    if dims == ("node",):
        return [f"{variable}[{label(case.measure, name, killed)}]" for name in case.names]
    # the evidence knows what stands along an axis: its `sources` along "source"
    entries = getattr(own.evidence, f"{dims[0]}s")
    return [f"{variable}{suffix(case.measure)}[{entry}]" for entry in entries]


def _truth(
    own: Estimate, values: Values, tolls: Mapping[str, float], killed: tuple[str, ...]
) -> Estimate:
    """Return the estimate of a measure with the truth as its only draw."""
    sizes = [tolls[label(own.case.measure, name, killed)] for name in own.case.names]
    posterior = {"size": np.array([[sizes]])}
    for variable in own.posterior:
        if variable not in TOLD_BY_TOLLS:
            known = [values[name] for name in _names(own, variable, killed)]
            posterior[variable] = np.array([[known if variable in DIMS else known[0]]])
    return replace(own, posterior=posterior)


def _thinned(own: Estimate) -> Estimate:
    """Return an estimate with so many draws that ranks among them are as good as uniform."""
    chains, length = own.posterior["toll"].shape[:2]
    at = np.linspace(0, chains * length - 1, DRAWS).astype(int)
    flat = {name: v.reshape(-1, *v.shape[2:]) for name, v in own.posterior.items()}
    return replace(own, posterior={name: v[None, at] for name, v in flat.items()})


def _columns(own: Estimate, killed: tuple[str, ...]) -> Draws:
    """Return the draws of every quantity, (draw,) each, and of the log likelihood."""
    columns: Draws = {}
    for variable, array in own.posterior.items():
        if variable not in TOLD_BY_TOLLS:
            entries = array.reshape(array.shape[1], -1).T
            columns |= dict(zip(_names(own, variable, killed), entries, strict=True))
    stated, split = log_likelihood(own.evidence, own.parameters)
    total = stated.sum(axis=1) + split.sum(axis=1)
    return columns | {f"log_likelihood{suffix(own.case.measure)}": total}


def _prior_ranks(case: Case, true: Values, rng: np.random.Generator) -> dict[str, int]:
    """Rank quantities among draws from their prior."""
    evidence, draws = gather(case), []
    for _ in range(DRAWS):
        drawn = _by_measure(case, *draw_truth(evidence, rng), int(rng.integers(2**32)))
        draws.append({name: v for values in drawn.values() for name, v in values.items()})
    return {n: _rank(v, np.array([drawn[n] for drawn in draws]), rng) for n, v in true.items()}
