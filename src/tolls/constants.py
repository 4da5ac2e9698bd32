"""The few constants that every part shares: interval defaults, input limits, diagnostic limits.

Statistical defaults do not live here but in ``presets/*.toml``, where they can be replaced.
"""

from typing import Final, Literal

type CiKind = Literal["eti", "hdi"]

VERSION: Final = "0.1.0"

CI_PROB: Final = 0.95
"""Probability of every credible interval unless asked otherwise (ArviZ's own default is 0.89)."""
INNER_PROB: Final = 0.5
"""Probability of the interval that is drawn inside the other."""
CI_KIND: Final[CiKind] = "eti"
"""Equal-tailed by default: its ends are quantiles, so they carry over to any scale."""
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
MAX_COUNT: Final = 10**9
ROOTS: Final = ("killed", "injured")  # measures with a toll of their own
OF_THE_KILLED: Final = ("missing", "dead_or_missing")  # what can be seen of theirs at a date
MEASURES: Final = (*ROOTS, *OF_THE_KILLED)
ROOT_WORDS: Final = ("", "all", "total")
# category of people whom a bulletin assigns to no part: of the root, or with a node's name after it
UNKNOWN: Final = "unknown"

RHAT_LIMIT: Final = 1.01
ESS_LIMIT: Final = 400.0
"""Limits of Vehtari et al. (2021), Rank-normalization, folding, and localization, Bayesian
Analysis 16(2): R-hat at most 1.01 and at least 400 effective draws before an estimate is used."""
KHAT_LIMIT: Final = 0.7
"""Vehtari et al. (2024), Pareto smoothed importance sampling, JMLR 25(72)."""
WEIGHTED_ESS_LIMIT: Final = 1000.0
"""Importance sampling needs more than chains do, for a few large weights can hide: 1,000 of them
put the Monte Carlo error of a 5 % quantile at a fifth of the posterior sd's tenth."""
