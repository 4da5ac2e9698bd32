"""Lists the licence that every locked package states: `uv run python tests/licences.py`."""

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"


def licence(package: str) -> str:
    """Return what an installed package says of its licence, as briefly as it says it."""
    told = metadata(package)
    if "License-Expression" in told:
        return str(told["License-Expression"])
    classified = [c for c in told.get_all("Classifier") or () if c.startswith("License :: ")]
    if classified:
        return ", ".join(c.rpartition(" :: ")[2] for c in classified)
    return str(told["License"]).strip().partition("\n")[0] if "License" in told else "not stated"


if __name__ == "__main__":
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", LOCK.read_text(), re.MULTILINE):
        try:
            print(f"{name} {version}: {licence(name)}")
        except PackageNotFoundError:
            print(f"{name} {version}: not installed here")
