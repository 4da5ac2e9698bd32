"""Reference posteriors that both engines are held against; written once, kept in this folder.

    uv run python tests/references/make.py

writes ``grids.json``, exact posteriors of small cases by direct integration that takes nothing
from the package, in seconds, and ``syria-coast-2025.json``, a long run of the PyMC model (four
chains of 20,000 draws), in minutes. Others may use them: the file says which case, which priors
and which numbers.
"""

import json
import math
from pathlib import Path

import numpy as np
from scipy import stats

HERE = Path(__file__).parent
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
GROSS, KAPPA, COUNTING = 1.5, 0.1, 0.5
GRADES = {"A": (19.5, 0.5, 0.07), "C": (7.9, 2.1, 0.25)}
FORENSIC = (1.0, 0.07)  # median and sd of the bias
FOUND = (12, 2)  # Beta of the share ever found in a conflict

# sources of one exact report each, on the root alone, in a conflict: nothing grows
CASES = {
    "three against three": ("A", [200, 210, 190, 2000, 2100, 1900]),
    "three against four": ("A", [200, 210, 190, 2000, 2100, 1900, 2050]),
    "a hundredfold apart": ("A", [200, 200, 200, 20000, 20000, 20000]),
    "one apart from two": ("C", [100, 110, 3000]),
    "small counts": ("A", [0, 1, 3]),
    "one": ("C", [57]),
}


def grid_of(grade: str, figures: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Log of what sources see (size, shared bias, share found), and its posterior probabilities.

    The root's range is 1 to 10,000.
    """
    z = 1.959963984540054
    mean, sd = math.log(1e4) / 2, math.log(1e4) / (2 * z)
    a, b, scatter = GRADES[grade]
    bias_sd = math.hypot(FORENSIC[1], scatter)
    level = np.linspace(math.log(0.02), math.log(2e5), 2501)
    log_scatter = math.log(scatter) + 0.5 * np.linspace(-5, 9, 141)
    weight = stats.norm.pdf(log_scatter, math.log(scatter), 0.5)
    bias = np.linspace(-9 * bias_sd, 9 * bias_sd, 1201)
    bias_weight = stats.norm.pdf(bias, 0, bias_sd)
    centre = np.linspace(level[0] + bias[0], level[-1] + bias[-1], 5001)
    found = np.log(stats.beta(*FOUND).ppf((np.arange(1000) + 0.5) / 1000))
    prior = stats.norm.pdf(level[:, None] - found, mean, math.hypot(sd, KAPPA)).mean(axis=1)
    log_posterior = np.log(prior)
    for figure in figures:
        likelihood = np.zeros_like(centre)
        for s, w in zip(np.exp(log_scatter), weight, strict=True):
            for share, extra in ((a / (a + b), 0.0), (b / (a + b), GROSS**2)):
                wide = np.sqrt(s**2 + extra + COUNTING * np.minimum(np.exp(-centre), 1))
                top = (math.log(figure + 0.5) - centre) / wide
                low = (math.log(figure - 0.5) - centre) / wide if figure else np.full_like(top, -40)
                likelihood += w * share * np.where(
                    low > 0, stats.norm.sf(low) - stats.norm.sf(top),
                    stats.norm.cdf(top) - stats.norm.cdf(low),
                )  # fmt: skip
        seen = np.array([np.interp(x + bias, centre, likelihood) @ bias_weight for x in level])
        log_posterior += np.log(seen)
    probability = np.exp(log_posterior - log_posterior.max())
    return level, probability / probability.sum()


def grids() -> dict[str, object]:
    """Quantiles of the log of what sources see, and the mass below the middle of the figures."""
    found = {}
    for name, (grade, figures) in CASES.items():
        level, probability = grid_of(grade, figures)
        middle = math.log(math.sqrt(max(min(figures), 1) * max(figures)))
        cumulated = np.cumsum(probability)
        found[name] = {
            "grade": grade,
            "figures": figures,
            "log_middle": middle,
            "mass_below": float(np.interp(middle, level, cumulated)),
            "levels": LEVELS,
            "quantiles": np.interp(LEVELS, cumulated, level).tolist(),
        }
    return found


def long_run() -> dict[str, object]:
    """Quantiles of the nodes of the shipped case, with Monte Carlo errors, all in logs."""
    from arviz_stats.base import array_stats

    import tolls
    from tolls.evidence import gather
    from tolls.nuts import Settings, compile_model, sample

    case = tolls.read_case(HERE.parents[1] / "models" / "syria-coast-2025")
    settings = Settings(2000, 20_000, 0.9)
    draws, divergences = sample(compile_model(gather(case)), seed=2025, settings=settings)
    size = np.log(draws["size"])
    axes = {"chain_axis": 0, "draw_axis": 1}
    nodes = {}
    for i, name in enumerate(case.names):
        x = size[..., i]
        error = [float(array_stats.mcse(x, method="quantile", prob=p, **axes)) for p in LEVELS]
        quantiles = np.quantile(x, LEVELS).tolist()
        nodes[name] = {"quantiles": quantiles, "errors": error}
    return {
        "digest": case.digest, "seed": 2025, "draws": 80_000, "divergences": divergences,
        "levels": LEVELS, "log_nodes": nodes,
    }  # fmt: skip


def write(name: str, content: dict[str, object]) -> None:
    """Write one file of this folder."""
    path = HERE / name
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write("grids.json", grids())
    write("syria-coast-2025.json", long_run())
