"""Five copies of any source of a shipped case change nothing in a group, and are told without."""

from pathlib import Path

import numpy as np
import pytest
from helpers import case_of, content, everything

import tolls
from tolls.evidence import gather

MODELS = Path(__file__).parents[1] / "models"
COPIED = [
    (name, source)
    for name in sorted(path.parent.name for path in MODELS.glob("*/case.toml"))
    for source in dict.fromkeys(
        r.source for r in tolls.read_case(MODELS / name).reports if not r.cites
    )
]


def with_copies(case, source, declared):
    """Return a case with five copies of a source, in a group with it or under no group."""
    table = case.declaration.sources[source]
    group = (table.group or f"{source} and copies") if declared else None
    own = table.model_copy(update={"group": group if declared else table.group})
    copies = {f"copy {i}": table.model_copy(update={"group": group}) for i in range(1, 6)}
    rows = [(r.row, r.as_row()) for r in case.reports]
    said = [r.as_row() for r in case.reports if r.source == source]
    rows += list(
        enumerate((r | {"source": name} for name in copies for r in said), 1 + len(rows) + 1)
    )
    sources = case.declaration.sources | {source: own} | copies
    declaration = case.declaration.model_copy(update={"sources": sources})
    return tolls.Case.from_declaration(declaration, rows, case.presets)


@pytest.mark.parametrize(("name", "source"), COPIED)
def test_five_copies_of_a_source_of_a_shipped_case_are_told_unless_declared(name, source):
    case = tolls.read_case(MODELS / name)
    before = gather(case)
    declared, undeclared = (gather(with_copies(case, source, d)) for d in (True, False))
    for unit, copied in zip(before.units, declared.units, strict=True):
        # the very same evidence, but for the name of the group: no quantile can move
        assert content(unit)[1:] == content(copied)[1:]
    doubts = [
        [w for w in evidence.warnings if "declare one group" in w]
        for evidence in (before, declared, undeclared)
    ]
    # what was suspected of the source before may still be
    assert len(doubts[1]) == len(doubts[0])
    assert [w for w in doubts[2] if "copy 1" in w]


def test_copies_of_people_in_no_part_of_a_bulletin_count_once():
    case = everything()
    before, after = gather(case), gather(with_copies(case, "Desk", True))
    assert 330 in [s.figure[0] for s in before.statements]  # 150 and 120, and 60 in no part
    assert [content(u)[1:] for u in after.units] == [content(u)[1:] for u in before.units]
    unknown = [r.row for r in after.case.reports if r.category == "unknown"]
    assert sorted(after.fates[row][0] for row in unknown) == ["evidence", *["repeat"] * 5]


@pytest.mark.parametrize(
    ("fewest", "stated"),
    [
        (6, {"value": 6}), (3, {"words": "dozens", "qualifier": "words"}), (3, {"value": 97}),
        (4, {"value": 90}), (2, {"value": 197}),
    ],
)  # fmt: skip
def test_one_figure_in_many_sources_is_told(fewest, stated):
    def told(sources):
        rows = [stated | {"source": f"Desk {i}"} for i in range(sources)]
        return [w for w in gather(case_of(*rows)).warnings if "the same" in w]

    assert told(fewest - 1) == []
    assert len(told(fewest)) == 1
    assert len(told(6)) == 1


def test_an_odd_number_of_two_digits_is_told_whatever_its_day():
    days = ["2025-03-09", "2025-03-11", "2025-03-14"]
    rows = [{"value": 97, "source": day, "published": day} for day in days]
    (told,) = [w for w in gather(case_of(*rows)).warnings if "the same" in w]
    assert "97" in told


@pytest.mark.parametrize("source", ["SOHR", "Government of Syria"])
def test_five_declared_copies_move_no_quantile(source, shipped_estimate):
    case = shipped_estimate.case
    copied = tolls.fit(with_copies(case, source, True), seed=1)
    for node in case.names:
        levels = [0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975]
        before, after = (np.quantile(e.tolls(node), levels) for e in (shipped_estimate, copied))
        assert np.abs(after / before - 1).max() < 0.05, node


def test_five_copies_that_nothing_declares_would_narrow(shipped_estimate):
    """The wrong model, which counts them as sources of their own."""
    copied = tolls.fit(with_copies(shipped_estimate.case, "SNHR", False), seed=1)
    width = [np.subtract(*np.log(np.quantile(e.tolls("killed"), [0.975, 0.025])))
             for e in (shipped_estimate, copied)]  # fmt: skip
    assert width[1] / width[0] < 0.8
