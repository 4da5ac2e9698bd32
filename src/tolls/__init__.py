"""tolls: how many people were killed, and how sure can we be.

Reported counts from sources of different reliability feed a Bayesian model; out come joint
distributions of the true toll by category. Names load on first use, so that importing the package
costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tolls.constants import VERSION

if TYPE_CHECKING:
    import tolls.plots as plots
    from tolls.backtesting import backtest
    from tolls.calibration import Calibration, calibrate
    from tolls.case import Case
    from tolls.casefile import read_case
    from tolls.elicitation import Elicited, elicit
    from tolls.errors import EstimateRefused, InputError, TollsError, TollsWarning
    from tolls.estimate import Estimate
    from tolls.fitting import fit, from_pymc
    from tolls.graph import pymc_model
    from tolls.learning import learn
    from tolls.loading import load
    from tolls.panel import Panel
    from tolls.panelchecks import PanelCheck, check_panel
    from tolls.panelfitting import fit_panel
    from tolls.panelstorage import write_panel
    from tolls.questions import sensitivity
    from tolls.rendering import render
    from tolls.scoreboard import Backtest
    from tolls.sensitivities import Sensitivity
    from tolls.simulation import Simulation, simulate
    from tolls.timelines import Timeline, timeline

__version__ = VERSION

_HOME = {
    "Backtest": "scoreboard",
    "Calibration": "calibration",
    "Case": "case",
    "Elicited": "elicitation",
    "Estimate": "estimate",
    "EstimateRefused": "errors",
    "InputError": "errors",
    "Panel": "panel",
    "PanelCheck": "panelchecks",
    "Sensitivity": "sensitivities",
    "Simulation": "simulation",
    "Timeline": "timelines",
    "TollsError": "errors",
    "TollsWarning": "errors",
    "backtest": "backtesting",
    "calibrate": "calibration",
    "check_panel": "panelchecks",
    "elicit": "elicitation",
    "fit": "fitting",
    "fit_panel": "panelfitting",
    "from_pymc": "fitting",
    "learn": "learning",
    "load": "loading",
    "pymc_model": "graph",
    "read_case": "casefile",
    "render": "rendering",
    "sensitivity": "questions",
    "simulate": "simulation",
    "timeline": "timelines",
    "write_panel": "panelstorage",
}

__all__ = [
    "Backtest",
    "Calibration",
    "Case",
    "Elicited",
    "Estimate",
    "EstimateRefused",
    "InputError",
    "Panel",
    "PanelCheck",
    "Sensitivity",
    "Simulation",
    "Timeline",
    "TollsError",
    "TollsWarning",
    "backtest",
    "calibrate",
    "check_panel",
    "elicit",
    "fit",
    "fit_panel",
    "from_pymc",
    "learn",
    "load",
    "plots",
    "pymc_model",
    "read_case",
    "render",
    "sensitivity",
    "simulate",
    "timeline",
    "write_panel",
]


def __getattr__(name: str) -> Any:
    if name == "plots":
        return import_module("tolls.plots")
    if name in _HOME:
        return getattr(import_module(f"tolls.{_HOME[name]}"), name)
    raise AttributeError(f"module 'tolls' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
