"""What is asked of an estimate: the variants of its case, and the fits and weights that answer.

`sensitivity` fits the case once and answers from its draws where they can carry the answer. What
the answers look like is told in `sensitivities`.
"""

from collections.abc import Callable, Iterator
from datetime import date
from functools import cached_property

import numpy as np

from tolls.case import Case
from tolls.contributions import contributions
from tolls.errors import InputError
from tolls.estimate import Estimate
from tolls.evidence import Evidence
from tolls.fitting import fit
from tolls.level import LevelCurve
from tolls.progress import progress
from tolls.reweighting import Reweighter
from tolls.scaling import ALL_PRIORS, REPORTS, components, power_sensitivities
from tolls.scenarios import Scenario, as_fitted, settled, weighed
from tolls.sensitivities import DECLARED, LEVEL, POWERS, PRIORS, SOURCES, STREAM, Sensitivity, Split
from tolls.variants import (
    bias_known,
    bias_median_one,
    bias_of_all_free,
    bias_times,
    by_grade,
    gathered,
    graded,
    only_on,
    without,
)

__all__ = ["sensitivity"]


def sensitivity(
    case: Case,
    *,
    seed: int,
    node: str | None = None,
    at_least: float | None = None,
    as_of: date | str | None = None,
    engine: str = "auto",
) -> Sensitivity:
    """Say what an estimate rests on.

    The case is fitted once. Answers come from reweighting its draws where the weights allow it
    (k-hat below 0.7, and enough effective draws left), from a fit of the variant where not; every
    row says which.

    Scenarios are: ``zero mean``, no kind of source or evidence over- or understates on average;
    ``free mean``, the bias that all sources share may be twofold and more; ``anchored``, the mean
    biases are known, as if an anchor had shown them, and sources differ by their grade alone;
    ``grades one up`` and ``one down`` (A to E; F stays); ``by grade, nothing learned``, where a
    scale holds what was learned of sources (`tolls.learn`), as if it did not; priors and reports
    given more or less power; and the case without each source, where relays of it do not stand in
    for it.

    Parameters
    ----------
    case : Case
    seed : int
        Seed of all random numbers; ``fit(case, seed=seed)`` is the fit that is asked about.
    node : str, optional
        A node or union of any measure; killed where left out.
    at_least : float, optional
        A statement to be tested: that so many people or more were killed.
    as_of, engine
        As in `fit`.

    Returns
    -------
    Sensitivity

    Raises
    ------
    InputError
        If an argument is out of range or no report is left.
    EstimateRefused
        If the diagnostics of the case as declared fail.

    References
    ----------
    Kallioinen, Paananen, Bürkner and Vehtari (2023), Statistics and Computing 34:57. Dias, Welton,
    Caldwell and Ades (2010), Statistics in Medicine 29(7-8). Vehtari et al. (2024), JMLR 25(72).

    Examples
    --------
    >>> import tolls
    >>> case = tolls.read_case("models/syria-coast-2025")
    >>> found = tolls.sensitivity(case, seed=1, at_least=1000)  # doctest: +SKIP
    >>> found.summary()  # doctest: +SKIP
    """
    number = isinstance(at_least, int | float | np.integer | np.floating)
    if at_least is not None and not (number and at_least > 0):
        raise InputError(f"at_least: {at_least}; allowed: a number of people above 0")
    whole = fit(case, seed=seed, engine=engine, as_of=as_of)
    own, place = whole.of(node or whole.nodes[0])
    questions = _Questions(case, own, place, at_least, engine)
    with progress("asking what the estimate rests on", questions.count) as questions.show:
        return questions.answered()


class _Questions:
    """All that is asked of one measure's fit."""

    def __init__(
        self, case: Case, own: Estimate, place: int, at_least: float | None, engine: str
    ) -> None:
        self.case, self.own, self.place = case, own, place
        self.at_least, self.engine = at_least, engine
        self.draws = Reweighter(own)
        self.seeds = np.random.SeedSequence([own.seed or 0, STREAM])
        self.components = components(self.draws)
        self.show: Callable[[int], None] | None = None
        self.settled_so_far = 0

    @cached_property
    def split(self) -> dict[str, tuple[Evidence, Evidence]]:
        """Nodes with reports on themselves and with others, and the evidence of either kind."""
        case, measure = self.case, self.own.case.measure
        sides = {
            node: tuple(self.evidence(only_on(case, measure, node, own)) for own in (True, False))
            for node in self.own.case.names
        }
        return {node: (a, b) for node, (a, b) in sides.items() if a and b}

    @cached_property
    def untaught(self) -> Case | None:
        """The case as if nothing had been learned of its sources; none where nothing was."""
        return by_grade(self.case)

    @property
    def count(self) -> int:
        """Number of variants that are settled."""
        levels = len(self.case.presets.sensitivity.factors) - 1
        priors = 5 + (self.untaught is not None)
        return priors + levels + len(self.own.evidence.sources) + 2 * len(self.split)

    def answered(self) -> Sensitivity:
        own, place, presets = self.own, self.place, self.case.presets.sensitivity
        declared = as_fitted(self.draws, DECLARED, "as declared")
        log_toll = own.parameters.log_size[:, place]
        curve = LevelCurve(
            presets.factors,
            tuple(declared if f == 1 else self.level(f) for f in presets.factors),
        )
        return Sensitivity(
            estimate=own,
            node=own.case.names[place],
            at_least=self.at_least,
            scenarios=(
                declared,
                *self.priors(),
                *self.powers(),
                *curve.quarters,
                *self.sources(),
            ),
            curve=curve,
            splits=tuple(self.splits()),
            contributions=contributions(
                own.case, self.draws.unknowns, log_toll, own.diagnostics.ess
            ),
            powers=power_sensitivities(self.components, log_toll, presets),
        )

    def evidence(self, variant: Case | None) -> Evidence | None:
        return gathered(variant, self.own.case.measure, self.own.evidence.as_of)

    def settled(self, group: str, name: str, variant: Case | None, factor: float = 1.0) -> Scenario:
        return self.settle(group, name, self.evidence(variant), factor)

    def settle(
        self, group: str, name: str, evidence: Evidence | None, factor: float = 1.0
    ) -> Scenario:
        found = settled(
            self.draws, group, name, evidence, self.rng(), engine=self.engine, factor=factor
        )
        self.settled_so_far += 1
        if self.show:
            self.show(self.settled_so_far)
        return found

    def level(self, factor: float) -> Scenario:
        name = f"mean bias × {factor:.2g}"
        return self.settled(LEVEL, name, bias_times(self.case, factor), factor)

    def rng(self) -> np.random.Generator:
        """Random numbers of each answer's own, whatever the others needed."""
        return np.random.default_rng(self.seeds.spawn(1)[0])

    def priors(self) -> Iterator[Scenario]:
        case, wide = self.case, self.case.presets.sensitivity.free_mean_sd
        yield self.settled(PRIORS, "zero mean", bias_median_one(case))
        yield self.settled(PRIORS, "free mean", bias_of_all_free(case, wide))
        yield self.settled(PRIORS, "anchored", bias_known(case))
        yield self.settled(PRIORS, "grades one up", graded(case, 1))
        yield self.settled(PRIORS, "grades one down", graded(case, -1))
        if self.untaught:
            yield self.settled(PRIORS, "by grade, nothing learned", self.untaught)

    def powers(self) -> Iterator[Scenario]:
        power = self.case.presets.sensitivity.power
        for what, component in (("priors", ALL_PRIORS), ("reports", REPORTS)):
            for how, exponent in (("weaker", 1 / power), ("stronger", power)):
                log_ratio = (exponent - 1) * self.components[component]
                drawn = self.draws.scaled(log_ratio, self.rng())
                yield weighed(POWERS, f"{what} {how}", drawn)

    def sources(self) -> Iterator[Scenario]:
        for voice in self.own.evidence.sources:
            variant = without(self.case, self.own.case.measure, voice)
            yield self.settled(SOURCES, f"without {voice}", variant)

    def splits(self) -> Iterator[Split]:
        for node, (own, others) in self.split.items():
            direct = self.settle("direct", node, own)
            yield Split(node, direct, self.settle("indirect", node, others))
