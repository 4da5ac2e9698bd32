"""The whole model calibrated, one command: the table and the figure of the README.

    uv run python tests/benchmarks/calibration.py [-n 1000] [--seed 1] [-o DIR]

Cases that mix everything a report may say are simulated, fitted and ranked, on all cores. With
``-o`` finished runs are kept in DIR, a run that was ended goes on from there, and the figure is
written to DIR/calibration.svg. Prints what does not fit the band, and the coverage that is off by
more than 2.5 Monte Carlo errors beside how many rows were looked at.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers_calibration import whole_model

import tolls

FAR = 2.5  # Monte Carlo errors


def main() -> None:
    parser = argparse.ArgumentParser(description="Calibrate the whole model.")
    parser.add_argument("-n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", dest="folder", type=Path)
    options = parser.parse_args()
    begin = time.perf_counter()
    found = tolls.calibrate(whole_model(), options.n, seed=options.seed, folder=options.folder)
    print(f"{time.perf_counter() - begin:.0f} s\n\n{found}\n")
    table = found.summary()
    far = table[table["z"].abs() > FAR]
    print(f"{len(far)} of {len(table)} coverages are off by more than {FAR} Monte Carlo errors")
    if len(far):
        print(far.to_string(index=False))
    if options.folder:
        figure = tolls.plots.calibration(found).figure
        figure.savefig(options.folder / "calibration.svg")


if __name__ == "__main__":
    main()
