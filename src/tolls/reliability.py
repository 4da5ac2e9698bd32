"""What an analyst states about a source, and the priors of its bias, scatter and reliability.

The equations are in the docstring of `source_prior`; the numbers come from the presets.
"""

import math
from dataclasses import dataclass

from tolls.formatting import ratio
from tolls.presets import Presets
from tolls.priors import Beta, LogNormal

__all__ = ["SourceDeclaration", "SourcePrior", "source_prior"]

NONE = 1e-3  # log-scale sd that stands for none


@dataclass(frozen=True, slots=True)
class SourceDeclaration:
    """A source as declared: grade, kind, why, and priors that replace the grade's or kind's."""

    name: str
    grade: str = "F"
    kind: str = "other"
    rationale: str = ""
    reference: str = ""
    bias: LogNormal | None = None
    scatter: LogNormal | None = None
    reliability: Beta | None = None
    evidence: str = ""  # kind of evidence of its reports, where their rows do not say
    anchor: bool = False  # of the level: its estimates are subject to their own error alone


@dataclass(frozen=True, slots=True)
class SourcePrior:
    """Priors of one source's parameters on the killed of one case.

    Attributes
    ----------
    bias : LogNormal
        Reported : true once everything is knowable.
    scatter : LogNormal
        Log-scale sd of honest statements.
    reliability : Beta
        Probability that a statement comes from the honest process.
    composition : float
        Dirichlet-multinomial concentration of the split of an honest bulletin.
    """

    name: str
    grade: str
    words: str
    bias: LogNormal
    scatter: LogNormal
    reliability: Beta
    composition: float

    def in_words(self) -> str:
        """Say in a sentence what the prior means."""
        low, high = self.bias.interval(0.95)
        times = round(100 * round(self.reliability.mean, 2))  # as tables show it: 0.975 is 0.97
        return (
            f"grade {self.grade} ({self.words}): honest in about {times} of 100 statements, which "
            f"then scatter by about {math.exp(self.scatter.mean) * 100:.0f} %; states "
            f"{ratio(self.bias.median)} times what is knowable ({ratio(low)} to {ratio(high)})"
        )


def source_prior(source: SourceDeclaration, presets: Presets) -> SourcePrior:
    r"""Return the priors that follow from a declaration.

    With the kind's median bias :math:`\mu` and sd :math:`\sigma_k` and the grade's scatter
    :math:`\sigma_g`: log bias ~ Normal(log mu, hypot(sigma_k, sigma_g)); log scatter ~ Normal(log
    sigma_g, 0.5); reliability ~ Beta of the grade, or of letter and digit together. A declared
    prior replaces the whole of what it declares; of a source that the scale learned of by its name
    (`tolls.learn`) what was learned stands in for kind and grade. An anchor of the level has
    neither bias nor scatter.

    Parameters
    ----------
    source : SourceDeclaration
        Grade and kind must be known to `presets`.
    presets : Presets
        The scale in force.

    Returns
    -------
    SourcePrior

    Examples
    --------
    >>> from tolls.presets import load_presets
    >>> prior = source_prior(SourceDeclaration("SOHR", "B", "monitor"), load_presets())
    >>> round(prior.bias.median, 2), round(prior.bias.sd, 2)
    (0.9, 0.21)
    """
    grade = presets.grades[source.grade[0]]
    bias, scatter = source.bias, source.scatter
    if source.anchor:  # what its interval says is all there is to its error
        bias, scatter = LogNormal(0.0, NONE), LogNormal(math.log(NONE), NONE)
    kind = presets.source_kinds[source.kind]
    honest = presets.combined[source.grade] if len(source.grade) > 1 else grade.reliability
    words, typical = grade.words, grade.scatter
    usual = LogNormal(math.log(kind.median), math.hypot(kind.sd, grade.scatter))
    if learned := presets.sources.get(source.name):
        honest, typical = learned.reliability, learned.scatter
        usual = LogNormal(math.log(learned.bias), learned.bias_sd)
        words = f"but learned from {learned.counts:,} of its counts"
    return SourcePrior(
        name=source.name,
        grade=source.grade,
        words=words,
        bias=bias or usual,
        scatter=scatter or LogNormal(math.log(typical), presets.belief.scatter_log_sd),
        reliability=source.reliability or Beta(*honest),
        composition=grade.composition,
    )
