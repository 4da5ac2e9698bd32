"""Declarations that are large, deep or long in one place: read or refused within seconds."""

import pytest
from helpers_hostile import folder_of, limited, refused

from tolls.cli import main

PARTS = [f"n{i}" for i in range(240)]
DIGITS = "f" * 100_000


def split(of: str, into: list[str]) -> str:
    return f'[[partitions]]\nof = "{of}"\ninto = {into}\n'


def unions(*members: list[str]) -> str:
    return "[unions]\n" + "".join(f"u{i} = {m}\n" for i, m in enumerate(members))


AB = split("killed", ["a", "b"])
BAD = [
    ("a hexadecimal number", f"[tolls.killed]\nrange = {{ low = 1, high = 0x{DIGITS} }}",
     ["thousands of digits"]),
    ("a hexadecimal number for a text", f"kind = 0x{DIGITS}", ["thousands of digits"]),
    ("a hexadecimal number in a list", f"kind = [[0x{DIGITS}]]", ["thousands of digits"]),
    ("a union of 90,000", AB + unions([f"x{i}" for i in range(90_000)]),
     ["key unions.u0", "90,000", "500"]),
    ("a union of one part, again and again", AB + unions(["a"] * 150_000),
     ["key unions.u0", "150,000", "500"]),
    ("a partition into 90,000, beside another fault",
     "titel = 1\n" + split("killed", [f"x{i}" for i in range(90_000)]),
     ["key partitions.0.into", "90,000", "500"]),
    ("unions of unknown nodes", split("killed", PARTS) + unions(*[["x"] * 450] * 250),
     ["unions.u0", "no known node", "allowed: "]),
    ("unions of unknown nodes, all different",
     split("killed", PARTS) + unions(*[[f"x{i}" for i in range(450)]] * 249),
     ["unions.u0", '"x0"', "no known node"]),
    ("unions across partitions",
     split("killed", PARTS[:120]) + split("killed", PARTS[120:]) + unions(*[PARTS] * 240),
     ["unions.u0", '"n0" and "n120"', "overlap"]),
    ("25,000 partitions into nothing", split("killed", []) * 25_000, ["partition 1", "0 part"]),
    ("a name like a node of the injured", split("killed", ["injured/a", "b"]),
     ["partition 1", '"injured/a"', "another name"]),
    ("a union called like a node of the injured", AB + '[unions]\n"injured/u" = ["a", "b"]',
     ["unions.injured/u", "another name"]),
    ("a part of the injured called like one of the killed", split("injured", ["killed/a", "b"]),
     ["partition 1", '"killed/a"', "another name"]),
]  # fmt: skip


@pytest.mark.parametrize(("toml", "fragments"), [pytest.param(t, f, id=name) for name, t, f in BAD])
def test_what_is_large_in_one_place_is_refused_at_once(capsys, tmp_path, toml, fragments):
    folder = folder_of(tmp_path / "case", f"format = 1\n{toml}\n")
    refused(capsys, ["check", str(folder)], *fragments, file=str(folder), seconds=5)


DEEP = "".join(split("killed" if i == 0 else f"d{i - 1}", [f"d{i}", f"e{i}"]) for i in range(120))
FINE = {
    "240 unions of 240": split("killed", PARTS) + unions(*[PARTS] * 240),
    "250 unions across 120 levels": DEEP + unions(*[[f"e{i}" for i in range(118)]] * 250),
    "parts that say of which measure they are": split("injured", ["injured/a", "injured/b"]),
}


@pytest.mark.parametrize("toml", FINE.values(), ids=FINE)
def test_what_is_large_and_fine_is_read_at_once(capsys, tmp_path, toml):
    folder = folder_of(tmp_path / "case", f"format = 1\n{toml}\n")
    with limited(5):
        assert main(["check", str(folder)]) == 0
