"""What holds for the package as a whole: versions, names, signatures, links between its files."""

import importlib
import inspect
import pkgutil
import re
import tomllib
from pathlib import Path

from licences import licence

import tolls

ROOT = Path(__file__).parent.parent


def modules():
    return [m.name for m in pkgutil.iter_modules(tolls.__path__) if m.name != "__main__"]


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == tolls.__version__
    assert f"version: {tolls.__version__}" in (ROOT / "CITATION.cff").read_text()
    assert f"[{tolls.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_no_module_bears_the_name_of_a_public_function():
    functions = {name for name in tolls.__all__ if inspect.isroutine(getattr(tolls, name))}
    assert {"fit", "load", "sensitivity", "timeline"} <= functions
    assert not functions & set(modules())


def test_every_public_name_has_a_docstring_and_loads():
    for name in tolls.__all__:
        assert inspect.getdoc(getattr(tolls, name)), name


def test_every_module_says_what_may_live_in_it_and_fits_in_the_head():
    for name in modules():
        source = Path(importlib.import_module(f"tolls.{name}").__file__).read_text()
        assert source.startswith(('"""', 'r"""')), name
        assert source.count("\n") <= 500, name


def test_intervals_have_one_default():
    for function in (
        tolls.Estimate.summary,
        tolls.Estimate.sources,
        tolls.Estimate.compare,
        tolls.Timeline.summary,
        tolls.Sensitivity.summary,
        tolls.Sensitivity.level,
        tolls.Sensitivity.direct,
        tolls.plots.tolls,
        tolls.plots.sensitivity,
        tolls.plots.timeline,
    ):
        assert inspect.signature(function).parameters["ci_prob"].default == 0.95


def test_the_readme_prints_commands_that_ci_runs():
    readme = (ROOT / "README.md").read_text()
    assert (
        "python3 -m pip install uv && uv run tolls fit models/syria-coast-2025 --seed 1" in readme
    )
    assert "python3 -m pip install uv && uv run pytest" in readme
    script = (ROOT / ".ci" / "run").read_text()
    assert script.rstrip().endswith("python3 -m pip install uv && uv run pytest")


def test_files_that_the_readme_links_exist():
    readme = (ROOT / "README.md").read_text()
    links = [link for link in re.findall(r"\]\(([^)]+)\)", readme) if "://" not in link]
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_no_file_names_a_package_index():
    tracked = [ROOT / "requirements.lock", ROOT / "pyproject.toml", ROOT / ".ci" / "run"]
    for path in tracked:
        assert not re.search(r"https?://|--(extra-)?index-url", path.read_text()), path


def test_every_direct_dependency_has_its_licence_in_the_table():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = [re.match(r"[\w.-]+", one).group() for one in declared]
    table = re.findall(
        r"^\| ([\w.-]+) \| (.+) \|$", (ROOT / "SECURITY.md").read_text(), re.MULTILINE
    )
    assert table[1:] == [(name, licence(name)) for name in names]
