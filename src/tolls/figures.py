"""The figures of a document, drawn by `plots` and written as SVG with nothing of the machine in it.

The same result gives the same bytes: no date, and names of parts from a fixed salt.
"""

import io

import matplotlib.pyplot as plt
from matplotlib import rc_context
from matplotlib.axes import Axes

from tolls import plots
from tolls.estimate import Estimate
from tolls.sensitivities import Sensitivity
from tolls.timelines import Timeline

__all__ = ["as_svg", "figures"]


def as_svg(axes: Axes) -> bytes:
    """Return the figure of some axes as SVG, and close it."""
    figure, content = axes.get_figure(root=True), io.BytesIO()
    assert figure is not None, "axes that were drawn stand in a figure"
    with rc_context({"svg.hashsalt": "tolls"}):
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    return content.getvalue()


def figures(estimate: Estimate, found: Sensitivity, days: Timeline) -> dict[str, dict[str, bytes]]:
    """Draw everything that a document shows.

    Returns
    -------
    dict of str to dict of str to bytes
        SVG by name, by what it shows. Tolls, sources and reports have a figure per measure.
    """
    each = {"": estimate} | {f"-{measure}": own for measure, own in estimate.others.items()}
    nodes = {s: [n for n in estimate.nodes if estimate.of(n)[0] is own] for s, own in each.items()}
    drawn = {
        "tolls": {
            f"tolls{suffix}": as_svg(plots.tolls(estimate, nodes=nodes[suffix])) for suffix in each
        },
        "sources": {f"sources{suffix}": as_svg(plots.sources(own)) for suffix, own in each.items()},
        "reports": {f"reports{suffix}": as_svg(plots.reports(own)) for suffix, own in each.items()},
    }
    return drawn | {
        "timeline": {"timeline": as_svg(plots.timeline(days))},
        "sensitivity": {"sensitivity": as_svg(plots.sensitivity(found))},
    }
