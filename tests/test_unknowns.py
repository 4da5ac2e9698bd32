"""Every unknown has its prior: draws of the prior have its mean and sd, densities are scipy's."""

import numpy as np
import pytest
from helpers import every_kind
from scipy import stats

from tolls.evidence import gather
from tolls.likelihood import Parameters, log_likelihood
from tolls.priors import Beta
from tolls.simulation import draw_sizes
from tolls.unknowns import BLOCKS, behind, rows_of, unknowns

DRAWS = 20_000
SPLIT = {"categories": {"killed": [["civilians", "forces"], ["north", "south", "coast"]]}}


def searched():
    """Return a case with lists of the missing too."""
    rows = [
        {"source": "Monitor", "measure": "missing", "value": 400, "published": "2025-03-09"},
        {"source": "Web", "measure": "missing", "value": 900, "evidence": "public_list",
         "published": "2025-03-09"},
    ]  # fmt: skip
    case = every_kind(**SPLIT)
    return case.with_reports([*(r.as_row() for r in case.reports), *rows])


def from_prior(evidence, count=DRAWS, seed=1):
    """Draw everything from its prior, as the model's text states it."""
    case, rng, presets = evidence.case, np.random.default_rng(seed), evidence.case.presets
    event, growth = presets.event_kinds[case.kind], presets.growth
    lists = [presets.missing.lists[name] for name in evidence.lists]
    priors = [case.source_prior(name) for name in evidence.sources]
    columns = (count, len(lists))
    return Parameters.of(
        {
            "size": draw_sizes(case, count, rng),
            "kappa": rng.normal(0, presets.shared_bias.sd, count),
            "eta": rng.normal(0, growth.eta_sd, count),
            "rate": event.rate * np.exp(rng.normal(0, event.rate_sd, count)),
            "shape": np.exp(rng.normal(growth.shape_log_mean, growth.shape_log_sd, count)),
            "found": rng.beta(*event.found, count),
            "alive": np.exp(rng.normal([np.log(x.alive) for x in lists],
                                       [x.alive_sd for x in lists], columns)),
            "clearing": np.exp(rng.normal([np.log(x.days) for x in lists],
                                          [x.days_sd for x in lists], columns)),
            "kept": rng.beta(*np.transpose([x.kept for x in lists]), columns),
            "bias": np.exp([rng.normal(p.bias.mean, p.bias.sd, count) for p in priors]).T,
            "scatter": np.exp([rng.normal(p.scatter.mean, p.scatter.sd, count) for p in priors]).T,
            "reliability": np.transpose(
                [rng.beta(p.reliability.a, p.reliability.b, count) for p in priors]
            ),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def found():
    evidence = gather(searched())
    return unknowns(evidence, from_prior(evidence))


def test_every_block_is_there_and_shares_have_one_less_than_parts(found):
    assert {u.block for u in found} == set(BLOCKS)
    assert len([u for u in found if u.block == "shares"]) == 1 + 2


def test_draws_of_the_prior_have_its_mean_and_sd(found):
    # the largest of some 60 means and sds, four standard errors and a bit
    for unknown in found:
        z = (unknown.values - unknown.mean) / unknown.sd
        assert abs(z.mean()) < 4.5 / np.sqrt(DRAWS), unknown.name
        error = np.sqrt(((z**2 - 1) ** 2).mean() / DRAWS)
        assert abs((z**2).mean() - 1) < 4.5 * error, unknown.name


def test_unknowns_are_independent_a_priori(found):
    apart = np.corrcoef([u.values for u in found]) - np.eye(len(found))
    assert np.abs(apart).max() < 5 / np.sqrt(DRAWS)


def test_log_densities_are_those_of_scipy(found):
    for unknown in found:
        prior = unknown.prior
        expected = (
            stats.beta(prior.a, prior.b) if isinstance(prior, Beta)
            else stats.norm(prior.mean, prior.sd)
        )  # fmt: skip
        apart = np.abs(unknown.log_prior - expected.logpdf(unknown.values))
        assert apart.max() < 1e-9, unknown.name


def test_a_certain_reliability_has_a_finite_density(found):
    certain = next(u for u in found if u.block == "reliability")
    for p in (0.0, 1.0):
        assert np.isfinite(type(certain)("reliability", "x", np.array([p]), Beta(12, 3)).log_prior)


def test_some_draws_are_the_same_draws():
    evidence = gather(searched())
    whole = from_prior(evidence, 50)
    some = rows_of(whole, np.array([3, 3, 7]))
    assert (some.log_size == whole.log_size[[3, 3, 7]]).all()
    assert (some.growth.eta == whole.growth.eta[[3, 3, 7]]).all()


def test_part_of_the_evidence_has_its_sources_and_lists_alone():
    evidence = gather(searched())
    assert len(evidence.lists) == 2
    whole = from_prior(evidence, 50)
    for voice in evidence.sources:
        part = evidence.only(unit for unit in evidence.units if unit.source == voice)
        draws = behind(whole, evidence, part)
        assert draws.bias.shape == (50, 1)
        assert draws.growth.alive.shape == (50, len(part.lists))
        # what its statements are worth is the same, seen alone or among all
        alone, among = (
            np.hstack(log_likelihood(e, d)) for e, d in ((part, draws), (evidence, whole))
        )
        own = [unit.source == voice for unit in evidence.units]
        assert alone == pytest.approx(among[:, own])
