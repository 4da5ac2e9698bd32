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

# Limits of what is read. Each lies well beyond what an event has, and below what would hang.
MAX_ROWS: Final = 100_000
"""Reports of a case: a fit of 10,000 takes minutes, a year of daily figures by 30 sources on nine
nodes is 100,000."""
MAX_IMPORT_ROWS: Final = 500_000
"""Rows of an imported table: the largest data set of events that is read has some 400,000."""
MAX_PANEL_ROWS: Final = 5_000_000
"""Rows of a panel: five counts of each of a million events."""
MAX_CSV_BYTES: Final = 10**9
MAX_TOML_BYTES: Final = 10**6
MAX_ESTIMATE_BYTES: Final = 10**9
MAX_COLUMNS: Final = 500
MAX_LINE: Final = 2 * 10**6  # characters; a file without line ends is no table
MAX_NAME: Final = 200  # characters; a name has to fit a line of a table
MAX_TEXT: Final = 10**5  # characters of a note or a rationale, some 40 pages
MAX_NODES: Final = 500  # with the unions; an estimate has that many dimensions
MAX_SOURCES: Final = 1000  # declared, stating or cited
MAX_CHAIN: Final = 50  # citations one after the other; news is carried on a few times
MAX_TOLD: Final = 100  # faults of one column that are told one by one; the rest is counted
FIRST_YEAR: Final = 1000
LAST_YEAR: Final = 2100
MAX_YEARS: Final = 100  # that an event lasts, and that its reports span where no start is declared
LEVELS: Final = (0.5, 0.9999)
"""Probability of a stated interval. A smaller one is rather the probability outside (0.05 for
95 %), and would make the interval ten times as wide as it was meant."""

RHAT_LIMIT: Final = 1.01
ESS_LIMIT: Final = 400.0
"""Limits of Vehtari et al. (2021), Rank-normalization, folding, and localization, Bayesian
Analysis 16(2): R-hat at most 1.01 and at least 400 effective draws before an estimate is used."""
KHAT_LIMIT: Final = 0.7
"""Vehtari et al. (2024), Pareto smoothed importance sampling, JMLR 25(72)."""
WEIGHTED_ESS_LIMIT: Final = 1000.0
"""Importance sampling needs more than chains do, for a few large weights can hide: 1,000 of them
put the Monte Carlo error of a 5 % quantile at a fifth of the posterior sd's tenth."""
