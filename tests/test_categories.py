"""The tree of categories is valid or refused, with every fault named."""

import pytest
from helpers import assert_told, case_of, write_case

from tolls import read_case
from tolls.categories import Categories, Partition
from tolls.errors import InputError

SPLIT = Partition("killed", ("civilians", "forces", "fighters"), 1.5)
FURTHER = Partition("civilians", ("women", "men"), 1.5)


def faults(*partitions, unions=None):
    with pytest.raises(InputError) as caught:
        Categories(
            "killed", tuple(Partition(of, into, 1.5) for of, into in partitions), unions or {}
        )
    return caught.value.problems


def test_a_root_alone_is_a_tree():
    assert Categories("killed").names == ("killed",)


def test_nodes_come_parents_first_and_in_declared_order_unions_last():
    tree = Categories("killed", (SPLIT, FURTHER), {"both_sides": ("forces", "fighters")})
    assert tree.nodes == ("killed", "civilians", "forces", "fighters", "women", "men")
    assert tree.names == (*tree.nodes, "both_sides")


def test_a_part_may_be_split_before_it_is_declared():
    assert (
        Categories("killed", (FURTHER, SPLIT)).nodes == Categories("killed", (SPLIT, FURTHER)).nodes
    )


def test_ancestors_run_up_to_the_root():
    tree = Categories("killed", (SPLIT, FURTHER))
    assert tree.ancestors("women") == ("civilians", "killed")
    assert tree.parent("killed") is None


def test_members_of_a_union_are_its_nodes_and_of_a_node_itself():
    tree = Categories("killed", (SPLIT,), {"both_sides": ("forces", "fighters")})
    assert tree.members("both_sides") == ("forces", "fighters")
    assert tree.members("forces") == ("forces",)


def test_a_partition_of_an_unknown_node_names_it_and_the_nearest():
    problems = faults(("killed", ("civilians", "forces")), ("civilans", ("women", "men")))
    assert_told(problems, "partition 2", '"civilans"', "allowed: ", 'did you mean "civilians"')


def test_the_allowed_nodes_are_listed_in_declared_order():
    parts = ("civilians", "forces", "fighters", "medics", "children", "prisoners")
    problems = faults(("killed", parts), ("nobody", ("x", "y")))
    assert_told(problems, "allowed: " + ", ".join(("killed", *parts)))


@pytest.mark.parametrize(
    ("partitions", "fragments"),
    [
        pytest.param(
            [("killed", ("civilians",))],
            ("partition 1", "has 1 part", "two or more"),
            id="one part",
        ),
        pytest.param([("killed", ())], ("partition 1", "two or more"), id="no part"),
        pytest.param(
            [("killed", ("civilians", "civilians"))],
            ("partition 1", '"civilians"', "twice"),
            id="repeated part",
        ),
        pytest.param(
            [("killed", ("all", "forces"))],
            ("partition 1", '"all"', "word for the root"),
            id="a part named as the root",
        ),
        pytest.param(
            [("killed", ("a", "b")), ("a", ("killed", "c"))],
            ("partition 2", '"killed"', "circle"),
            id="circle through the root",
        ),
        pytest.param(
            [("a", ("b", "c")), ("b", ("a", "d"))],
            ("partition 1", '"a"', "circle"),
            id="circle beside the root",
        ),
        pytest.param(
            [("killed", ("a", "b")), ("a", ("a", "c"))],
            ("partition 2", '"a"'),
            id="a node within itself",
        ),
    ],
)
def test_a_faulty_partition_is_refused(partitions, fragments):
    assert_told(faults(*partitions), *fragments)


def test_one_place_under_two_ancestors_is_refused_as_a_crossed_table():
    problems = faults(
        ("killed", ("civilians", "forces")),
        ("civilians", ("Latakia", "Tartus")),
        ("forces", ("Latakia", "Homs")),
    )
    assert_told(problems, "partition 3", '"Latakia"', "cross")


@pytest.mark.parametrize(
    ("unions", "fragments"),
    [
        pytest.param(
            {"both": ("forces", "figthers")},
            ("unions.both", '"figthers"', "allowed: ", 'did you mean "fighters"'),
            id="unknown member",
        ),
        pytest.param({"both": ("forces",)}, ("unions.both", "two or more"), id="one member"),
        pytest.param(
            {"both": ("forces", "forces")}, ("unions.both", "each once"), id="repeated member"
        ),
        pytest.param(
            {"forces": ("civilians", "fighters")},
            ("unions.forces", "a node already"),
            id="node's name",
        ),
        pytest.param(
            {"both": ("killed", "forces")},
            ("unions.both", '"forces"', '"killed"', "disjoint"),
            id="parent and part",
        ),
        pytest.param(
            {"both": ("women", "civilians")},
            ("unions.both", '"women"', '"civilians"', "disjoint"),
            id="part and parent",
        ),
    ],
)
def test_a_faulty_union_is_refused(unions, fragments):
    split = [(p.of, p.into) for p in (SPLIT, FURTHER)]
    assert_told(faults(*split, unions=unions), *fragments)


def test_all_faults_of_a_tree_are_told_at_once():
    problems = faults(
        ("killed", ("civilians", "forces", "forces")),
        ("nobody", ("x",)),
        unions={"both": ("civilians", "figthers")},
    )
    assert_told(problems, '"forces"')
    assert_told(problems, "two or more")
    assert_told(problems, '"nobody"')
    assert_told(problems, '"figthers"')


@pytest.mark.parametrize("word", ["", "all", "ALL", "total", "Total", "killed"])
def test_words_for_the_root_mean_the_root(word):
    case = case_of({"value": 5, "category": word}, categories=["civilians", "forces"])
    assert case.reports[0].category == "killed"


def test_a_report_on_a_declared_part_is_never_taken_for_the_root():
    try:
        case = case_of({"value": 5, "category": "Total"}, categories=["Total", "Other"])
    except InputError:
        return  # refusing the name is as good
    assert case.reports[0].category == "Total"


def test_concentration_4_halves_the_spread_of_the_shares(tmp_path):
    path = write_case(
        tmp_path,
        'format = 1\n[[partitions]]\nof = "killed"\ninto = ["a", "b"]\nconcentration = 4\n',
    )
    assert read_case(path).categories.partitions[0].sd == pytest.approx(0.75)
