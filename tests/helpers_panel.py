"""Small panels, their density summed by hand, and panels that are simulated from the prior."""

from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from tolls import panelchains
from tolls.paneldensity import Density
from tolls.panelpriors import Space
from tolls.panelrows import read_reports
from tolls.paneltruth import read_verified
from tolls.patterns import gathered
from tolls.presets import load_presets

PRESETS = load_presets()
MOST = 1500  # people: of the small panels below next to nothing lies beyond
ROWS = [
    {"event": "a", "source": "one", "value": 3},
    {"event": "a", "source": "two", "value": 4},
    {"event": "b", "source": "one", "value": 0},
    {"event": "b", "source": "three", "low": 1, "high": 10, "qualifier": "range"},
    {"event": "c", "source": "two", "value": 12},
    {"event": "c", "source": "three", "value": 12},
    {"event": "d", "source": "two", "value": 12},
    {"event": "d", "source": "three", "value": 12},
    {"event": "e", "source": "one", "value": ""},  # blank is no zero
    {"event": "e", "source": "three", "value": 7},
]
MORE = [  # in other words
    {"event": "f", "source": "one", "value": 250, "qualifier": "about"},
    {"event": "f", "source": "two", "value": 200, "qualifier": "at_least"},
    {"event": "g", "source": "two", "words": "dozens", "qualifier": "words"},
    {"event": "g", "source": "one", "value": 40, "qualifier": "up_to"},
    {"event": "h", "source": "one", "low": 90, "high": 140, "qualifier": "estimate"},
]
TRUTH = {"a": 4, "d": (4, 30)}
SCALE = """
[panels]
scale = 4.0
scale_sd = 0.5
tail = 1.5
tail_sd = 0.3
"""  # tolls of a few dozen, of which three sources can tell something


def contented(patch, settings):
    """Let few draws do, whose diagnostics are taken for sound: another thing is tested."""
    patch.setattr(panelchains, "ATTEMPTS", (settings,))
    patch.setattr("tolls.convergence.ESS_LIMIT", 1.0)
    patch.setattr("tolls.convergence.RHAT_LIMIT", 2.0)


def panel(rows=ROWS, truth=TRUTH, threshold=4):
    reports = read_reports(rows, measure="killed", categories=(), sources={}, presets=PRESETS)
    verified, _ = read_verified(truth, reports.events, measure="killed", threshold=threshold)
    patterns = gathered(reports, verified, [0] * len(reports.events), threshold, PRESETS)
    space = Space(reports.voices, 1, threshold, PRESETS)
    return reports, verified, space, Density(patterns, space, threshold)


def by_hand(reports, verified, natural, threshold, *, counting=True):
    """Sum every toll and every record, one number at a time; nothing is shared with the package.

    Yields of every event the probability of its statements with each toll, and with each of them as
    a gross error, in the order of the voices.
    """
    number = np.arange(MOST + 1)
    centre = np.log(np.where(number == 0, 0.25, number))
    noise = (0.5 / np.maximum(number, 1)) * counting

    def within(low, high, mean, sd):
        with np.errstate(divide="ignore"):
            ends = np.log(np.maximum(low, 0.0)), np.log(high)
        return norm.cdf(ends[1], mean, sd) - norm.cdf(ends[0], mean, sd)

    zero, large = 1 / (1 + np.exp(-natural.law[0, [0, 3]]))

    def falling(scale, most):  # chance of so many beyond the first
        scale, tail = np.exp([scale, natural.law[0, 2]])
        left = (1 + np.arange(most + 1) / (tail * scale)) ** -tail
        return left[:-1] - left[1:]

    below = falling(natural.law[0, 1], threshold - 1)
    toll = (1 - large) * np.r_[zero, (1 - zero) * below / below.sum()]
    toll = np.r_[toll, large * falling(natural.law[0, 4], MOST + 1 - threshold)]
    # given the toll, in columns: by another definition, and off it
    defined, off = np.zeros((2, MOST + 1, MOST + 1))
    shares = natural.record[(number >= threshold).astype(int)].T
    for offset, share in zip(range(-2, 3), shares[:5], strict=True):
        np.add.at(defined, (np.clip(number + offset, 0, MOST), number), share)
    for sd, share in zip((0.2, 1.0), shares[5:], strict=True):
        wide = np.sqrt(sd**2 + noise)
        off += share * within(number[:, None] - 0.5, number[:, None] + 0.5, centre, wide)
    off[0] += defined[0]  # a record of zero is one by any definition
    defined[0] = 0.0
    for place, event in enumerate(reports.events):
        weight = toll.copy()
        low, high = verified.get(event, (0, MOST))
        weight[(number < low) | (number > high)] = 0.0
        listed = natural.listed[0] * (number >= threshold)
        weight *= listed if event in verified else 1 - listed
        whole, wrong = np.ones((2, MOST + 1, MOST + 1)), []
        said = [s for s in reports.statements if s.event == place]
        for statement in sorted(said, key=lambda s: s.voice):
            v, figure = statement.voice, statement.said.figure
            low, high = figure[0], figure[-1]
            variance = natural.spread[v] ** 2 + noise
            mean = centre + natural.bias[v]
            own = within(low - 0.5, high + 0.5, mean, np.sqrt(variance))
            gross = within(low - 0.5, high + 0.5, mean, np.sqrt(variance + 1.5**2))
            moved = np.maximum(number[:, None] + np.arange(-2, 3), 0)
            same = ((moved >= low) & (moved <= high)) @ natural.offset[v]
            a, e, d = natural.agreement[v], natural.gross[v], natural.definition[v]
            # who goes by the definition of the toll states the toll, in columns
            as_toll = np.array(
                [np.broadcast_to(n, whole[0].shape) for n in (number, number[:, None])]
            )
            as_toll = (as_toll >= low) & (as_toll <= high)
            honest = a * ((1 - d) * same[:, None] + d * as_toll) + (1 - a) * own[:, None]
            chance = (1 - e) * honest + e * gross[:, None]
            whole = whole * chance
            wrong.append(e * gross[:, None] / chance)
        joint = np.array([defined, off]) * whole * weight
        yield joint.sum(axis=(0, 1)), [(joint * w).sum() / joint.sum() for w in wrong]


class Simulated(NamedTuple):
    """A panel drawn from a prior: what a fit is given, and what lies behind."""

    rows: list
    truth: dict
    tolls: dict
    unknowns: dict


def unknowns(panel):
    """Draws of everything that lies behind a simulated panel, by name, (draw, …)."""
    own = panel.natural
    return {
        "no_deaths": 1 / (1 + np.exp(-own.law[:, 0, 0])),
        "scale": np.exp(own.law[:, 0, 1]),
        "tail": np.exp(own.law[:, 0, 2]),
        "large": 1 / (1 + np.exp(-own.law[:, 0, 3])),
        "scale beyond": np.exp(own.law[:, 0, 4]),
        "listed": own.listed[:, 0],
        "record": own.record,
        "bias": own.bias,
        "spread": own.spread,
        "gross": own.gross,
        "agreement": own.agreement,
        "definition": own.definition,
        "offset": own.offset,
    }


def randomised_rank(toll, cells, rng):
    """Rank of a toll in its posterior (first and last number and probability of every cell)."""
    low, high, mass = cells
    at = int(np.searchsorted(high, toll))
    part = (toll - low[at] + rng.random()) / (high[at] - low[at] + 1)
    return mass[:at].sum() + part * mass[at]


CLASSES = ((0, 0), (1, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 499), (500, 10**9))


def simulated(rng, presets, *, events, threshold, heard=0.6):
    """Draw a panel of three voices of grade F from the prior; one states size classes."""
    panels, voices = presets.panels, 3
    grade, kind = presets.grades["F"], presets.source_kinds["other"]
    own = {
        "no_deaths": rng.beta(*panels.no_deaths),
        "scale": panels.scale * np.exp(panels.scale_sd * rng.normal()),
        "tail": panels.tail * np.exp(panels.tail_sd * rng.normal()),
        "large": rng.beta(*panels.large),
        "scale beyond": panels.scale * np.exp(panels.scale_sd * rng.normal()),
        "record": rng.dirichlet(panels.record),
        "listed": rng.beta(*panels.listed),
    }
    mean = np.log(kind.median) + kind.sd * rng.normal()
    odds = panels.agreement_mean + panels.agreement_sd * rng.normal()
    own["bias"] = mean + panels.bias_between * rng.normal(size=voices)
    odds = odds + panels.agreement_between * rng.normal(size=voices)
    own["agreement"] = 1 / (1 + np.exp(-odds))
    own["gross"] = 1 - rng.beta(*grade.reliability, size=voices)
    ratios = np.log(own["record"]) + panels.record_apart * rng.normal()
    ratios[panels.reach] = np.log(own["record"][panels.reach])
    below = np.exp(ratios - ratios.max())
    own["record"] = np.array([below / below.sum(), own["record"]])
    own["definition"] = rng.beta(*panels.unasked, size=voices)
    own["offset"] = rng.dirichlet(panels.offsets, size=voices)
    own["spread"] = (
        np.sqrt(2) * grade.scatter * np.exp(presets.belief.scatter_log_sd * rng.normal(size=voices))
    )

    def around(number, shift, sd):
        middle = np.log(number if number else panels.zero)
        sd = np.hypot(sd, np.sqrt(presets.belief.counting / max(number, 1)))
        return int(np.floor(np.exp(middle + shift + sd * rng.normal()) + 0.5))

    def beyond(which):
        scale, tail = own[f"scale{which}"], own["tail"]
        return int(min(tail * scale * ((1 - rng.random()) ** (-1 / tail) - 1), 1e9))

    rows, truth, tolls = [], {}, {}
    while len(tolls) < events:
        event = f"event {len(tolls)}"
        if rng.random() < own["large"]:
            toll = threshold + beyond(" beyond")
        elif rng.random() < own["no_deaths"]:
            toll = 0
        else:
            toll = threshold
            while toll >= threshold:
                toll = 1 + beyond("")
        shares = own["record"][int(toll >= threshold)]
        which = rng.choice(len(shares), p=shares)
        if which < 2 * panels.reach + 1:
            record = max(toll + which - panels.reach, 0)
            by_toll = toll if record else 0
        else:
            record = around(toll, 0.0, panels.record_spreads[which - 2 * panels.reach - 1])
            by_toll = record
        said = []
        for voice in range(voices):
            if rng.random() > heard:
                continue
            if rng.random() < own["gross"][voice]:
                wide = np.hypot(own["spread"][voice], presets.belief.gross_sd)
                figure = around(record, own["bias"][voice], wide)
            elif rng.random() < own["agreement"][voice]:
                moved = rng.choice(2 * panels.reach + 1, p=own["offset"][voice]) - panels.reach
                by_record = max(record + moved, 0)
                figure = by_toll if rng.random() < own["definition"][voice] else by_record
            else:
                figure = around(record, own["bias"][voice], own["spread"][voice])
            row = {"event": event, "source": f"source {voice}"}
            if voice == 2:
                low, high = next(ends for ends in CLASSES if figure <= ends[1])
                said.append(row | {"low": low, "high": high, "qualifier": "range"})
            else:
                said.append(row | {"value": figure})
        if not said:
            continue
        rows += said
        tolls[event] = toll
        if toll >= threshold and rng.random() < own["listed"]:
            truth[event] = toll
    return Simulated(rows, truth, tolls, own)
