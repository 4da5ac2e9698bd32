"""Importance sampling on targets of which everything is known.

Estimates are held to four of the standard errors that the same draws state, and the statement of
standard errors itself to the spread over many seeds.
"""

import math

import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy import stats

from tolls.importance import (
    FROM_PRIOR,
    Mixture,
    Weighted,
    adapted,
    log_prior,
    pareto_k,
    pooled,
)

DIMENSION, LOG_CONSTANT = 4, -7.5
MEAN = np.array([1.0, -0.5, 0.3, 2.0])
ROOT = np.array([[0.7, 0, 0, 0], [0.3, 0.4, 0, 0], [-0.2, 0.1, 0.9, 0], [0, 0.5, 0.2, 0.6]])
TARGET = stats.multivariate_normal(MEAN, ROOT @ ROOT.T)
PROPOSAL = stats.multivariate_normal(MEAN + 0.3, 2 * ROOT @ ROOT.T)
RARE = 1e-4


def log_target(z):
    return LOG_CONSTANT + TARGET.logpdf(z)


def weighted(seed, draws=1000, proposal=PROPOSAL):
    z = proposal.rvs(draws, random_state=np.random.default_rng(seed))
    return Weighted(z, log_target(z) - proposal.logpdf(z))


# --- what weights say -----------------------------------------------------------------------------


def test_the_log_of_the_mean_weight_is_the_normalising_constant():
    value, sd = weighted(1, 20_000).log_marginal
    assert sd < 0.02
    assert value == pytest.approx(LOG_CONSTANT, abs=4 * sd)


def test_the_stated_sd_is_the_spread_over_many_seeds():
    # of an sd from n estimates the relative standard error is 1 / sqrt(2 n)
    seeds = 1000
    values, sds = np.transpose([weighted(seed).log_marginal for seed in range(seeds)])
    tolerance = 4 / math.sqrt(2 * seeds)
    assert values.std() / sds.mean() == pytest.approx(1, abs=tolerance)
    assert values.mean() == pytest.approx(LOG_CONSTANT, abs=0.01)
    # an sd that took the draws for draws of the target would be told apart
    assert abs(values.std() * math.sqrt(1000) - 1) > tolerance


def test_effective_draws_are_one_over_the_sum_of_squared_weights():
    log_weight = np.array([0.0, 1.0, -2.0, 3.0]) + 1e4
    draws = Weighted(np.zeros((4, 1)), log_weight)
    weight = np.exp([0.0, 1.0, -2.0, 3.0])
    assert draws.weight == pytest.approx(weight / weight.sum())
    assert draws.ess == pytest.approx(weight.sum() ** 2 / (weight**2).sum())
    constant = Weighted(np.zeros((50, 1)), np.full(50, -3.0))
    assert constant.ess == pytest.approx(50)
    assert constant.log_marginal == pytest.approx((-3.0, 0.0), abs=1e-6)


def test_flattened_weights_give_as_many_draws_a_say_as_asked_for():
    steep = Weighted(np.zeros((50, 1)), np.linspace(0, 40, 50))
    assert steep.ess < 3
    flat = steep.flattened(10)
    assert 10 <= 1 / (flat**2).sum() < 25
    assert flat.sum() == pytest.approx(1)
    assert (np.diff(flat) > 0).all()
    # where there are enough already, the weights are left as they are
    even = Weighted(np.zeros((50, 1)), np.linspace(0, 0.1, 50))
    assert even.flattened(10) == pytest.approx(even.weight)


def test_truncated_weights_are_cut_off_at_one_over_the_root_of_their_number():
    found = Weighted(np.zeros((100, 1)), np.append(np.zeros(99), 20.0)).truncated
    assert found[-1] / found[0] == pytest.approx(0.1 / np.exp(-20.0), rel=1e-3)
    assert found.sum() == pytest.approx(1)


def tail_ess(weight, values, below):
    """From the definition: p (1 - p) over the variance of the tail's weighted share."""
    order = np.argsort(values)
    quantile = values[order][np.cumsum(weight[order]) <= below][-1]
    inside = values <= quantile
    share = weight[inside].sum()
    variance = (weight[inside] ** 2).sum() * (1 - share) ** 2
    variance += (weight[~inside] ** 2).sum() * share**2
    return share * (1 - share) / variance


@pytest.mark.parametrize("below", [0.05, 0.5, 0.95])
def test_effective_draws_of_a_tail_are_those_of_the_definition(below):
    draws = weighted(1)
    expected = tail_ess(draws.weight, draws.z[:, 0], below)
    assert draws.tail_ess(draws.z[:, 0], below) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("below", [0.05, 0.95])
def test_effective_draws_of_a_tail_give_the_variance_of_its_probability(below):
    # the variance of n estimates has a relative standard error of sqrt(2 / n)
    seeds = 1000
    quantile = stats.norm(MEAN[0], ROOT[0, 0]).ppf(below)
    shares, stated = [], []
    for seed in range(seeds):
        draws = weighted(seed)
        shares.append(draws.weight[draws.z[:, 0] <= quantile].sum())
        stated.append(below * (1 - below) / draws.tail_ess(draws.z[:, 0], below))
    tolerance = 4 * math.sqrt(2 / seeds)
    assert np.mean(stated) / np.var(shares) == pytest.approx(1, abs=tolerance)
    # the effective draws of the whole would be told apart
    whole = below * (1 - below) / np.mean([weighted(seed).ess for seed in range(50)])
    assert abs(whole / np.var(shares) - 1) > tolerance


def test_a_tail_that_rests_on_one_draw_is_worth_as_many_as_have_one_in_it():
    log_weight = np.zeros(1000)
    log_weight[0] = math.log(100)
    draws, values = Weighted(np.zeros((1000, 1)), log_weight), np.arange(1000.0)
    share = 100 / 1099
    assert draws.tail_ess(values, 0.05) == pytest.approx(1 / (share * (1 - share)), rel=0.02)
    assert draws.tail_ess(-values, 0.05) > 500
    alone = Weighted(np.zeros((3, 1)), np.array([0.0, -2000.0, -2000.0]))
    assert alone.tail_ess(np.arange(3.0), 0.05) == 0


# --- k-hat ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("k", [0.1, 0.4, 0.7, 1.2])
@pytest.mark.parametrize(("draws", "close"), [(400, 1e-9), (2500, 1e-9), (4000, 0.03)])
def test_khat_is_that_of_arviz_and_near_the_truth(k, seed, draws, close):
    # of 4,000 draws arviz takes 189 as tail, rounding down, and the article 190
    # exp(k E) of an exponential E has a Pareto tail of shape k
    log_weight = k * np.random.default_rng(seed).exponential(size=draws) - 300
    found = pareto_k(log_weight)
    # arviz takes a log likelihood and weighs by one over it
    assert found == pytest.approx(float(array_stats.psislw(-log_weight)[1]), abs=close)
    # the standard error of a shape from n excesses is (1 + k) / sqrt(n), with a prior around 1/2
    tail = math.ceil(min(0.2 * draws, 3 * math.sqrt(draws)))
    assert found == pytest.approx(k, abs=4 * (1 + k) / math.sqrt(tail) + 0.05)


def test_khat_of_constant_weights_is_minus_infinity():
    assert pareto_k(np.full(1000, -12.0)) == -math.inf


def test_khat_tells_a_proposal_with_thin_tails_from_one_with_wide_ones():
    # weights of a normal with variance v for the standard normal: shape 1 - v, or bounded
    thin, wide = (
        pareto_k(weighted(1, 4000, stats.multivariate_normal(MEAN, v * ROOT @ ROOT.T)).log_weight)
        for v in (0.15, 1.6)
    )
    assert thin > 0.7
    assert wide < 0.5


# --- the proposal ---------------------------------------------------------------------------------


def mixture_of(*parts):
    """Mixture of (share, mean, sd, group) with the same mean and sd in every coordinate."""
    return Mixture.of(
        [(s, np.full(DIMENSION, m), sd**2 * np.eye(DIMENSION), g) for s, m, sd, g in parts]
    )


def in_one_dimension():
    parts = [(3.0, np.array([-4.0]), np.eye(1) / 9, 0), (1.0, np.array([2.0]), 4 * np.eye(1), 1)]
    return Mixture.of(parts)


def test_the_density_is_one_and_draws_have_it():
    mixture = in_one_dimension()
    x = np.linspace(-400, 400, 800_001)
    density = np.exp(mixture.log_density(x[:, None]))
    cumulated = np.cumsum(density) * (x[1] - x[0])
    assert cumulated[-1] == pytest.approx(1, abs=1e-6)
    z = mixture.draw(100_000, np.random.default_rng(1))[:, 0]
    # draws by component are more even than independent ones: the test is on the safe side
    assert stats.kstest(z, lambda at: np.interp(at, x, cumulated)).pvalue > RARE
    normal = sum(
        share * stats.norm(mean[0], root[0, 0]).cdf(x)
        for share, mean, root in zip(mixture.share, mixture.mean, mixture.root, strict=True)
    ) + FROM_PRIOR * stats.norm.cdf(x)
    assert stats.kstest(z, lambda at: np.interp(at, x, normal)).pvalue < RARE  # the t's as normals


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 1.0), (1.0, 0.5), (-2.0, 0.3), (0.5, 2.0)])
def test_any_known_density_over_the_proposals_has_a_mean_of_one(mean, sd):
    mixture = mixture_of((0.7, 1.0, 0.6, 0), (0.3, -2.0, 0.4, 1), (0.5, 0.0, 2.5, 2))
    z = mixture.draw(20_000, np.random.default_rng(1))
    log_known = stats.norm(mean, sd).logpdf(z).sum(axis=1)
    ratio = np.exp(log_known - mixture.log_density(z))
    error = ratio.std() / math.sqrt(len(z))
    assert error < 0.05
    assert ratio.mean() == pytest.approx(1, abs=4 * error)


def test_every_component_and_the_prior_get_their_share_of_the_draws():
    mixture = mixture_of((3.0, 50.0, 0.5, 0), (1.0, -50.0, 0.5, 1))
    shares = [0.75 * (1 - FROM_PRIOR), 0.25 * (1 - FROM_PRIOR), FROM_PRIOR]
    assert mixture.share == pytest.approx(shares[:2])
    z = mixture.draw(4001, np.random.default_rng(1))
    near = [(np.abs(z - m) < 25).all(axis=1) for m in (50, -50, 0)]
    for own, share in zip(near, shares, strict=True):
        assert math.floor(share * 4001) <= own.sum() <= math.ceil(share * 4001)
    assert sum(own.sum() for own in near) == 4001
    for values in z[near[2]].T:
        assert stats.kstest(values, "norm").pvalue > RARE


def test_parts_of_the_density_add_up_to_it_with_the_prior_last():
    mixture = mixture_of((0.7, 1.0, 0.6, 0), (0.3, -2.0, 0.4, 1))
    z = np.random.default_rng(1).normal(0, 3, (50, DIMENSION))
    parts = mixture.log_parts(z)
    assert parts.shape == (50, 3)
    assert np.logaddexp.reduce(parts, axis=1) == pytest.approx(mixture.log_density(z))
    expected = math.log(FROM_PRIOR) + stats.norm.logpdf(z).sum(axis=1)
    assert parts[:, -1] == pytest.approx(expected)
    assert log_prior(z) == pytest.approx(stats.norm.logpdf(z).sum(axis=1))
    assert parts[:, 0] == pytest.approx(
        math.log(0.7 * (1 - FROM_PRIOR))
        + stats.multivariate_t(np.ones(DIMENSION), 0.36 * np.eye(DIMENSION), df=10).logpdf(z)
    )


# --- rounds ---------------------------------------------------------------------------------------


def rounds_of(*mixtures, draws=2000, density=log_target):
    rng = np.random.default_rng(1)
    found = []
    for mixture in mixtures:
        z = mixture.draw(draws, rng)
        found.append((z, density(z), mixture))
    return found


def errors_of(draws):
    """By how many standard errors constant, means and covariances of the target are off."""
    apart = draws.z - MEAN
    value, sd = draws.log_marginal
    off = [(value - LOG_CONSTANT) / sd]
    for i in range(DIMENSION):
        quantities = [(apart[:, i], 0.0)]
        quantities += [(apart[:, i] * apart[:, j], (ROOT @ ROOT.T)[i, j]) for j in range(i + 1)]
        for values, expected in quantities:
            error = math.sqrt((draws.weight**2 * (values - expected) ** 2).sum())
            off.append((draws.weight @ values - expected) / error)
    return np.abs(off)


ROUNDS = (
    mixture_of((1.0, 0.0, 0.8, 0)), mixture_of((0.5, 1.5, 0.7, 0), (0.5, -0.5, 0.6, 1)),
    mixture_of((1.0, 0.7, 1.2, 0)),
)  # fmt: skip


def test_rounds_pooled_reproduce_the_target():
    rounds = rounds_of(*ROUNDS)
    draws = pooled(rounds)
    assert len(draws.z) == 6000
    assert errors_of(draws).max() < 4
    # weighed by the last round's proposal alone they do not
    last = Weighted(draws.z, log_target(draws.z) - ROUNDS[-1].log_density(draws.z))
    assert errors_of(last).max() > 6


def test_rounds_of_different_sizes_count_by_their_draws():
    rounds = rounds_of(ROUNDS[0], draws=6000) + rounds_of(ROUNDS[1], draws=500)
    assert errors_of(pooled(rounds)).max() < 4


def test_pooled_rounds_are_worth_more_than_each_weighed_by_its_own_proposal():
    rounds = rounds_of(*ROUNDS)
    own = np.concatenate([density - mixture.log_density(z) for z, density, mixture in rounds])
    draws = pooled(rounds)
    assert draws.ess > 1.2 * Weighted(draws.z, own).ess


def test_draws_are_resampled_as_often_as_their_weight_says():
    draws = weighted(1, 500)
    found = draws.resampled(2000, np.random.default_rng(1))
    assert found.shape == (2000,)
    times, expected = np.bincount(found, minlength=500), 2000 * draws.weight
    assert (np.floor(expected) <= times).all()
    assert (times <= np.ceil(expected)).all()
    assert (np.diff(found) < 0).any()  # in no order


def test_resampling_has_no_bias_and_passes_over_draws_without_weight():
    log_weight = np.array([-math.inf, 0.0, math.log(0.3), -math.inf, math.log(0.25), -math.inf])
    draws, times = Weighted(np.zeros((6, 1)), log_weight), np.zeros(6)
    seeds = 2000
    for seed in range(seeds):
        times += np.bincount(draws.resampled(3, np.random.default_rng(seed)), minlength=6)
    part = 3 * draws.weight % 1
    error = 4 * np.sqrt(part * (1 - part) * seeds)
    assert (np.abs(times - 3 * draws.weight * seeds) <= error + 1e-9).all()


# --- adaptation -----------------------------------------------------------------------------------


def log_banana(z):
    """A normal bent along a parabola: log density of constant one."""
    bent = z.copy()
    bent[:, 1] -= 0.6 * (z[:, 0] ** 2 - 1)
    return stats.norm.logpdf(bent / [1, 0.4, 0.5, 0.7]).sum(axis=1) - math.log(0.4 * 0.5 * 0.7)


def log_skewed(z):
    """Skew-normal in the first coordinate, normal in the others."""
    log_density = stats.skewnorm(8, -0.5, 1.5).logpdf(z[:, 0])
    return log_density + stats.norm(0.5, 0.4).logpdf(z[:, 1:]).sum(axis=1)


def log_two(z, height=0.5):
    """Two normals far apart."""
    one, other = (stats.norm(m, 0.3).logpdf(z).sum(axis=1) for m in (-2.0, 2.0))
    return np.logaddexp(math.log(height) + one, math.log1p(-height) + other)


def adapt(mixture, density, times=3, draws=500, seed=1):
    rng, rounds = np.random.default_rng(seed), []
    for _ in range(times):
        z = mixture.draw(draws, rng)
        rounds.append((z, density(z), mixture))
        mixture = adapted(mixture, pooled(rounds))
    return mixture


def efficiency(mixture, density, draws=4000):
    (last,) = rounds_of(mixture, draws=draws, density=density)
    found = pooled([last])
    value, sd = found.log_marginal
    assert value == pytest.approx(0, abs=4 * sd)
    return found.ess / draws


@pytest.mark.parametrize("density", [log_banana, log_skewed])
def test_adaptation_raises_the_efficiency_on_a_skewed_target(density):
    start = mixture_of((1.0, 0.5, 1.0, 0))
    before, after = efficiency(start, density), efficiency(adapt(start, density), density)
    assert after > 2 * before
    assert after > 0.3


@pytest.mark.parametrize("share", [0.5, 0.01, 1e-6])
@pytest.mark.parametrize("height", [0.5, 0.05])
def test_adaptation_loses_neither_of_two_groups_far_apart(share, height):
    """Even one that got few draws or none: shares of 1% and 10^-6 of 500 are 5 draws and none."""
    start = mixture_of((1 - share, -2.0, 0.4, 0), (share, 2.0, 0.4, 1))
    mixture = adapt(start, lambda z: log_two(z, height))
    for group, middle in ((0, -2.0), (1, 2.0)):
        own = mixture.group == group
        assert mixture.share[own].sum() > 0.01
        mean = mixture.share[own] @ mixture.mean[own] / mixture.share[own].sum()
        assert mean == pytest.approx(np.full(DIMENSION, middle), abs=0.1)
    heavier = mixture.share[mixture.group == 1].sum() / mixture.share.sum()
    assert heavier == pytest.approx(0.5, abs=0.1) if height == 0.5 else heavier > 0.7
    assert efficiency(mixture, lambda z: log_two(z, height)) > 0.4


def test_a_group_with_too_few_draws_to_learn_from_stays_as_it_is():
    start = mixture_of((1.0, -2.0, 0.4, 0), (1e-6, 2.0, 0.37, 1))
    (first,) = rounds_of(start, draws=300, density=lambda z: log_two(z, 0.999))
    mixture = adapted(start, pooled([first]))
    own = mixture.group == 1
    assert mixture.mean[own] == pytest.approx(start.mean[1:])
    assert mixture.root[own] == pytest.approx(start.root[1:])


def test_adaptation_recovers_mean_and_covariance_of_a_normal():
    draws = pooled(rounds_of(ROUNDS[-1], draws=4000))
    mixture = adapted(ROUNDS[-1], draws)
    assert mixture.share.sum() == pytest.approx(1 - FROM_PRIOR)
    # the first component is the group's own normal, a little wider
    error = 4 * np.sqrt((draws.weight**2).sum())
    assert mixture.mean[0] == pytest.approx(MEAN, abs=error)
    covariance = mixture.root[0] @ mixture.root[0].T
    assert np.diag(covariance) == pytest.approx(1.2 * np.diag(ROOT @ ROOT.T), rel=0.25)
