r"""From what is known of a source's past to its grade and priors, and what they mean in words.

A track record is fitted with the package's own model of a statement; two quantiles are solved for.
The equations are in the docstring of `elicit`. Nothing is sampled: a source's lasting bias, its
scatter and its reliability are three dimensions, and a grid integrates them.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, expit, log_expit

from tolls import markup
from tolls.constants import CI_PROB, MAX_COUNT
from tolls.errors import InputError, Problems, as_given, check_type, is_number
from tolls.formatting import count, interval, percent, text_table
from tolls.presets import Presets, load_presets
from tolls.priors import Beta, LogNormal
from tolls.reliability import SourceDeclaration, source_prior
from tolls.wordings import log_pmf

__all__ = ["Elicited", "elicit"]

type Floats = NDArray[np.floating[Any]]
type Record = tuple[tuple[int, float], ...]

JUDGED, UNJUDGED = "ABCDE", "F"
REACH = 8.0  # prior sd of the lasting bias and of log scatter on both sides, to begin with
NODES = (41, 21, 49)  # of lasting bias, log scatter and logit of the reliability
HEIGHT = 20.0  # nats below the highest at which the grid ends
SETTLED = 0.8  # share of its width that an axis keeps once it is laid where the posterior is
TURNS = 12
RATIOS = (1e-6, 1e6)  # reported : true, as in a declaration: far beyond any judgement
WIDEST = 10.0  # sd on the log scale, as of a scale's spreads
LOG_ROOT_TAU = math.log(2 * math.pi) / 2


@dataclass(frozen=True, repr=False)
class Elicited:
    """What a source's past says of it: a grade, and priors for a new case.

    Attributes
    ----------
    grade : str
        A to E, or F where too little is known to judge.
    kind : str
        What sort of source it is.
    bias, scatter : LogNormal
        Reported : true once everything is knowable, and log-scale sd of honest statements.
    reliability : Beta
        Probability that a statement comes from the honest process.
    n : int
        Past reports used.
    probabilities : mapping of str to float
        Of each grade A to E given the record; empty without one.
    presets : Presets
        The scale in force.
    """

    grade: str
    kind: str
    bias: LogNormal
    scatter: LogNormal
    reliability: Beta
    n: int
    probabilities: Mapping[str, float]
    presets: Presets

    def implied(self, reported: int = 500) -> LogNormal:
        r"""Return the true toll that an honest report of so many suggests by itself.

        Before any other evidence every log toll is as probable as any other, so that log toll ~
        Normal(log reported - b, v), v = sd of the bias squared + sd of the shared bias squared +
        mean of s squared + counting noise.

        Parameters
        ----------
        reported : int
            People, at least 1.

        Returns
        -------
        LogNormal

        Raises
        ------
        InputError
            If `reported` is below 1: a report of nobody suggests no ratio.

        Examples
        --------
        >>> toll = elicit([], kind="monitor").implied(500)
        >>> round(toll.median)
        556
        """
        if not (is_number(reported) and reported >= 1):
            raise InputError(
                f"implied: reported is {as_given(reported)}; allowed: at least 1 person"
            )
        belief, bias, scatter = self.presets.belief, self.bias, self.scatter
        centre = math.log(reported) - bias.mean
        variance = (
            bias.sd**2
            + self.presets.shared_bias.sd**2
            + math.exp(2 * (scatter.mean + scatter.sd**2))
            + belief.counting / reported
        )
        return LogNormal(centre, math.sqrt(variance))

    @property
    def sentence(self) -> str:
        """What the priors mean for a report of 500."""
        toll = self.implied(500)
        low, high = toll.interval(CI_PROB)
        gross = round((1 - self.reliability.mean) * 100)
        return (
            f"A report of 500 from such a source suggests a true toll of about "
            f"{count(toll.median, high - low)} ({interval(low, high)} with {percent(CI_PROB)} "
            f"probability, before any other evidence), if it is honest and everything is knowable "
            f"by then; about {gross} of 100 of its statements are gross errors."
        )

    def toml(self) -> str:
        """Return the lines for the source's table in ``case.toml``, ``[sources.NAME]``.

        They mean the same in a case that names the same scale.
        """
        lines = [
            f'grade = "{self.grade}"',
            f'kind = "{self.kind}"',
            f"bias = {_range(self.bias)}",
        ]
        if self.n:  # else they are the grade's own
            beta = self.reliability
            lines += [
                f"scatter = {_range(self.scatter)}",
                f"reliability = {{ mean = {beta.mean:.4g}, strength = {beta.a + beta.b:.4g} }}",
            ]
        return "\n".join(lines) + "\n"

    def _lines(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        records = f"{self.n} record{'s' * (self.n != 1)}"
        rows: list[tuple[str, ...]] = [
            ("grade", f"{self.grade} ({self.presets.grades[self.grade].words})")
        ]
        if self.probabilities:
            each = (f"{g} {percent(round(p, 2))}" for g, p in self.probabilities.items())
            rows.append((f"grades, given {records}", ", ".join(each)))
        rows += [
            ("kind", self.kind),
            ("bias, reported : true", _in_words(self.bias)),
            ("scatter of honest statements", _in_words(self.scatter)),
            ("statements that are honest", percent(round(self.reliability.mean, 2))),
        ]
        return ("", f"median and {percent(CI_PROB)} interval, or mean"), rows

    def __repr__(self) -> str:
        return "\n\n".join([self.sentence, text_table(*self._lines()), self.toml().rstrip()])

    def _repr_html_(self) -> str:
        table, toml = markup.table(*self._lines()), markup.preformatted(self.toml())
        return markup.paragraph(self.sentence) + table + toml


def _in_words(prior: LogNormal) -> str:
    low, high = prior.interval(CI_PROB)
    return f"{prior.median:.2g} ({low:.2g} to {high:.2g})"


def _range(prior: LogNormal) -> str:
    """Write a prior as the range of a declaration, with digits enough for its width."""
    digits = max(3, 3 - math.floor(math.log10(prior.sd)))
    low, high = prior.interval(CI_PROB)
    stated = {"median": prior.median, "low": low, "high": high, "mass": CI_PROB}
    return "{ " + ", ".join(f"{key} = {x:.{digits}g}" for key, x in stated.items()) + " }"


def elicit(
    track_record: Iterable[tuple[float, float]] | None = None,
    *,
    quantiles: Mapping[float, float] | None = None,
    kind: str = "other",
    reliability: str = "admiralty",
) -> Elicited:
    r"""Turn a track record, or two quantiles, into a grade and priors.

    Parameters
    ----------
    track_record : iterable of (reported, verified), optional
        One pair per past event, in people: what the source stated once everything was knowable (a
        whole number; an early figure would pass for a bias), and the toll verified later, above 0.
        Several reports on one event are not several records.
    quantiles : mapping of float to float, optional
        Instead of a record: two probabilities, each with the ratio reported : true that the source
        stays below so often, as in ``{0.1: 0.6, 0.9: 1.2}``, gross errors apart.
    kind : str
        Kind of source, which says what is known of it beforehand.
    reliability : str
        A shipped scale or the path of one's own.

    Returns
    -------
    Elicited

    Raises
    ------
    InputError
        With every fault of the input.

    Notes
    -----
    The prior of a source's bias in one case, log b ~ Normal(log mu, hypot(sigma_k, sigma_g)), is
    taken apart: what the kind leaves open lasts (beta, one of the source in all its cases), what
    the grade leaves open comes anew with every case. For the verified toll T_j and the shared bias
    kappa_j of event j, with the sd of each written sigma,

    .. math::

        \beta \sim N(\log\mu, \sigma_k^2), \quad
        b_j \sim N(\beta, \sigma_g^2), \quad \kappa_j \sim N(0, \sigma_\kappa^2), \\
        \log X_j \sim N(\log T_j + \kappa_j + b_j,\;
        s^2 + c_j + [\text{gross error}]\, \sigma_e^2)

    with probability 1 - p of a gross error and counting noise c_j (at the centre log T_j + beta).
    The report is X_j as a whole number; zero is X_j below one half. So b_j and kappa_j integrate
    out in closed form, and a grid integrates beta, log s and p, under the priors of the grade.

    Each grade A to E has the same prior probability, and the marginal likelihood of the record
    turns that into `probabilities`; the grade is the most probable. The priors for a new case have
    the mean and variance of the posterior over all five grades: of beta + N(0, sigma_g^2), so that
    the sd of the bias falls with the record towards what a new case adds and no further, of log s
    and of p. Three records rarely decide on a grade: in simulated records of three the 95 %
    interval of the bias of a new case held it 95 times of 100, that of the likeliest grade alone
    87 times.

    A record shorter than ``least_records`` of the scale gives grade F, and the priors are those of
    F given the record; with an empty record they are those of F and the kind, unchanged.

    Two quantiles are those of the bias, and determine it. The grade is the one whose prior of the
    bias, hypot(sigma_k, sigma_g), is nearest in width on the log scale; scatter and reliability
    are the grade's own.

    References
    ----------
    O'Hagan et al. (2006), Uncertain Judgements, chapter 6. Cooke (1991), Experts in Uncertainty,
    on records of past performance.

    Examples
    --------
    >>> import tolls
    >>> record = [(90, 100), (38, 45), (210, 200), (12, 12), (400, 520), (71, 80)]
    >>> known = tolls.elicit(record, kind="monitor")
    >>> known.grade, round(known.bias.median, 2), round(known.bias.sd, 2)
    ('A', 0.9, 0.15)
    >>> print(known.sentence)  # doctest: +NORMALIZE_WHITESPACE
    A report of 500 from such a source suggests a true toll of about 560 (350 to 890 with 95 %
    probability, before any other evidence), if it is honest and everything is knowable by then;
    about 5 of 100 of its statements are gross errors.
    """
    check_type("elicit, reliability", reliability, str, "a shipped scale or a path")
    presets = load_presets(reliability, file="elicit")
    problems = Problems("elicit")
    if str(kind) not in presets.source_kinds:
        problems.unknown("kind", "kind of source", str(kind), presets.source_kinds)
    if track_record is not None:
        check_type("elicit, track_record", track_record, Iterable, "pairs (reported, verified)")
    if quantiles is not None:
        check_type("elicit, quantiles", quantiles, Mapping, "a mapping, as {0.1: 0.6, 0.9: 1.2}")
    if (track_record is None) == (quantiles is None):
        found = "neither" if quantiles is None else "both"
        problems.add(
            "track_record and quantiles",
            f"{found} given; allowed: one of them; an empty track record gives what the kind says",
        )
    record = _checked_record(() if track_record is None else track_record, problems)
    if quantiles is not None:
        _check_quantiles(quantiles, problems)
    problems.raise_if_any()
    if quantiles is not None:
        return _from_quantiles(LogNormal.from_quantiles(quantiles), kind, presets)
    return _from_record(record, kind, presets)


def _checked_record(pairs: Iterable[Any], problems: Problems) -> Record:
    record = []
    for number, pair in enumerate(pairs, start=1):
        where = f"track_record, pair {number}"
        try:
            reported, verified = pair
        except (TypeError, ValueError):
            problems.add(where, f"{as_given(pair)} is no pair; allowed: (reported, verified)")
            continue
        if not (is_number(reported) and 0 <= reported <= MAX_COUNT and reported == int(reported)):
            problems.add(
                where,
                f"reported is {as_given(reported)}; allowed: a whole number, 0 to {MAX_COUNT:,} "
                "people",
            )
        elif not (is_number(verified) and 0 < verified <= MAX_COUNT):
            problems.add(
                where,
                f"verified is {as_given(verified)}; allowed: above 0, to {MAX_COUNT:,} people; "
                "leave out an event in which nobody died, for no ratio can be formed",
            )
        else:
            record.append((int(reported), float(verified)))
    return tuple(record)


def _check_quantiles(quantiles: Mapping[float, float], problems: Problems) -> None:
    where, example = "quantiles", "as in {0.1: 0.6, 0.9: 1.2}"
    if len(quantiles) != 2:
        problems.add(where, f"{len(quantiles)} given; allowed: two, {example}")
        return
    for probability, ratio in quantiles.items():
        if not (is_number(probability) and 0 < probability < 1):
            problems.add(
                where,
                f"{as_given(probability)} is no probability; allowed: between 0 and 1, {example}",
            )
            return
        if not (is_number(ratio) and RATIOS[0] <= ratio <= RATIOS[1]):
            problems.add(
                where,
                f"the ratio at {probability} is {as_given(ratio)}; allowed: reported : true, "
                f"{RATIOS[0]:f} to {RATIOS[1]:,.0f}, {example}",
            )
            return
    low, high = (ratio for _, ratio in sorted(quantiles.items()))
    if not low < high:
        problems.add(
            where,
            f"{dict(quantiles)} are not in order; allowed: a larger ratio at the larger "
            f"probability, {example}",
        )
    elif (sd := LogNormal.from_quantiles(quantiles).sd) > WIDEST:
        problems.add(
            where,
            f"{dict(quantiles)} mean an sd of {sd:.2g} on the log scale; allowed: {WIDEST:g} at "
            f"most, with probabilities farther apart, {example}",
        )


def _from_quantiles(bias: LogNormal, kind: str, presets: Presets) -> Elicited:
    def misfit(letter: str) -> float:
        spread = source_prior(SourceDeclaration("", letter, kind), presets).bias.sd
        return abs(math.log(bias.sd / spread))

    grade = min(JUDGED, key=misfit)
    prior = source_prior(SourceDeclaration("", grade, kind, bias=bias), presets)
    return Elicited(grade, kind, bias, prior.scatter, prior.reliability, 0, {}, presets)


def _from_record(record: Record, kind: str, presets: Presets) -> Elicited:
    if not record:
        prior = source_prior(SourceDeclaration("", UNJUDGED, kind), presets)
        return Elicited(
            UNJUDGED, kind, prior.bias, prior.scatter, prior.reliability, 0, {}, presets
        )
    learned = [_learn(record, letter, kind, presets) for letter in JUDGED]
    heights = np.array([each.log_evidence for each in learned])
    weights = np.exp(heights - np.logaddexp.reduce(heights))
    probabilities = dict(zip(JUDGED, weights.tolist(), strict=True))
    if len(record) < presets.elicitation.least_records:
        grade = UNJUDGED
        learned, weights = [_learn(record, grade, kind, presets)], np.ones(1)
    else:
        grade = max(JUDGED, key=probabilities.__getitem__)
    means = np.array([each.mean for each in learned])
    mean = weights @ means
    variance = weights @ (np.array([each.variance for each in learned]) + (means - mean) ** 2)
    bias, scatter = (LogNormal(float(mean[i]), math.sqrt(variance[i])) for i in (0, 1))
    strength = mean[2] * (1 - mean[2]) / variance[2] - 1
    honest = Beta(float(mean[2] * strength), float((1 - mean[2]) * strength))
    return Elicited(grade, kind, bias, scatter, honest, len(record), probabilities, presets)


@dataclass(frozen=True)
class _Learned:
    """What a record teaches at one grade.

    Attributes
    ----------
    log_evidence : float
        Log marginal likelihood of the record.
    mean, variance : (3,) arrays
        Of the log bias in a new case, of log scatter and of the reliability.
    """

    log_evidence: float
    mean: Floats
    variance: Floats


def _learn(record: Record, grade: str, kind: str, presets: Presets) -> _Learned:
    """Integrate over lasting bias, log scatter and the logit of the reliability.

    The grid is laid over all that priors and record allow, then over where the integrand is, until
    it stays. The integrand dies away on all sides, so that the trapezoid rule errs little.
    """
    nature, of_case = presets.source_kinds[kind], presets.grades[grade].scatter
    prior = source_prior(SourceDeclaration("", grade, kind), presets)
    lasting, honest = LogNormal(math.log(nature.median), nature.sd), prior.reliability
    anew = of_case**2 + presets.shared_bias.sd**2
    spans = _first_spans(record, lasting, prior.scatter, honest)
    for _ in range(TURNS):
        axes = [np.linspace(*span, nodes) for span, nodes in zip(spans, NODES, strict=True)]
        bias, log_scatter, logit = np.ix_(*axes)
        height = (
            _log_normal(lasting, bias)
            + _log_normal(prior.scatter, log_scatter)
            + (honest.a * log_expit(logit) + honest.b * log_expit(-logit))
            - betaln(honest.a, honest.b)
            + _log_likelihood(record, bias, log_scatter, logit, anew, presets)
        )
        kept = height > height.max() - HEIGHT
        sides = [kept.any(axis=others) for others in ((1, 2), (0, 2), (0, 1))]
        narrower = [_around(axis, side) for axis, side in zip(axes, sides, strict=True)]
        widths = [np.diff(ends).item() for ends in (*narrower, *spans)]
        if all(new > SETTLED * old for new, old in zip(widths[:3], widths[3:], strict=True)):
            break
        spans = narrower
    top = height.max()
    weight = np.exp(height - top)
    total = weight.sum()
    cell = math.prod(axis[1] - axis[0] for axis in axes)
    mean, variance = np.empty((2, 3))
    for i, values in enumerate((bias, log_scatter, expit(logit))):
        mean[i] = (weight * values).sum() / total
        variance[i] = (weight * (values - mean[i]) ** 2).sum() / total
    variance[0] += of_case**2
    return _Learned(float(top + math.log(total * cell)), mean, variance)


def _first_spans(
    record: Record, lasting: LogNormal, scatter: LogNormal, honest: Beta
) -> list[tuple[float, float]]:
    """Return ends beyond which nothing can lie, whatever the record makes of the priors."""
    implied = [math.log(max(reported, 0.5) / verified) for reported, verified in record]
    (low, high), of_scatter = (
        (p.mean - REACH * p.sd, p.mean + REACH * p.sd) for p in (lasting, scatter)
    )

    def peak(a: float, b: float) -> float:
        return a * math.log(a / (a + b)) + b * math.log(b / (a + b))

    # the record at most multiplies by p^n or by (1 - p)^n
    a, b, n = honest.a, honest.b, len(record)
    of_logit = (peak(a, b + n) - HEIGHT) / a, (HEIGHT - peak(a + n, b)) / b
    return [(min(low, *implied), max(high, *implied)), of_scatter, of_logit]


def _around(axis: Floats, kept: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the ends of what is kept of an axis, a node further out."""
    first, *_, last = np.flatnonzero(np.convolve(kept, np.ones(3), "same"))
    return float(axis[first]), float(axis[last])


def _log_normal(prior: LogNormal, log_value: Floats) -> Floats:
    return -0.5 * ((log_value - prior.mean) / prior.sd) ** 2 - math.log(prior.sd) - LOG_ROOT_TAU


def _log_likelihood(
    record: Record,
    bias: Floats,
    log_scatter: Floats,
    logit: Floats,
    anew: float,
    presets: Presets,
) -> Floats:
    """Return the log probability of the record at (bias, log scatter, logit of the reliability).

    `anew` is the variance of what comes with every event: the case's own bias and the shared one.
    """
    belief, n = presets.belief, len(record)
    shape = np.broadcast_shapes(bias.shape, log_scatter.shape)
    summed = np.zeros(np.broadcast_shapes(shape, logit.shape))
    for reported, verified in record:
        centre = np.broadcast_to(math.log(verified) + bias, shape)
        variance = np.exp(2 * log_scatter) + anew
        variance = variance + belief.counting * np.exp(-np.maximum(centre, 0.0))
        honest, gross = (
            log_pmf("exact", (reported,), centre, np.sqrt(variance + more), presets)
            for more in (0.0, belief.gross_sd**2)
        )
        summed += gross + np.logaddexp(0.0, logit + honest - gross)
    likelihood: Floats = summed + n * log_expit(-logit)
    return likelihood
