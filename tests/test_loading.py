"""Saved estimates: what cannot be vouched for is refused, nothing in a file is run or followed."""

import hashlib
import json
import math
import random
import re
import shutil

import h5py
import numpy as np
import pytest
import xarray as xr
from helpers import case_of
from helpers_estimate import estimate_of

import tolls
from tolls.errors import InputError
from tolls.storage import FORMAT, unsealed

FLIPS = 300


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Save a small estimate."""
    rows = [{"value": 30}, {"value": 12, "category": "forces"}]
    estimate = estimate_of(case_of(*rows, categories=["civilians", "forces"], title="A town"))
    path = tmp_path_factory.mktemp("saved") / "estimate.nc"
    estimate.save(path)
    return path


def flipped(content, random):
    """Change one bit."""
    place = random.randrange(len(content))
    changed = bytearray(content)
    changed[place] ^= 1 << random.randrange(8)
    return bytes(changed)


def test_a_file_with_any_bit_changed_is_refused(saved, tmp_path):
    drawn, content, path = random.Random(1), saved.read_bytes(), tmp_path / "changed.nc"
    for _ in range(FLIPS):
        path.write_bytes(flipped(content, drawn))
        with pytest.raises(InputError, match=r"changed\.nc: .*; fit again"):
            tolls.load(path)


def test_a_changed_file_that_is_looked_at_says_that_nothing_is_vouched_for(saved, tmp_path):
    drawn, content, path = random.Random(2), saved.read_bytes(), tmp_path / "changed.nc"
    looked = 0
    for _ in range(60):
        path.write_bytes(flipped(content, drawn))
        try:
            estimate = tolls.load(path, check=False)
        except InputError:
            continue
        looked += 1
        assert not estimate.diagnostics.ok
        assert "nothing is vouched for" in estimate.verdict
        assert "nothing is vouched for" in estimate.notes[0]
    assert looked > 30


def test_any_cut_is_refused(saved, tmp_path):
    content, path = saved.read_bytes(), tmp_path / "cut.nc"
    for length in (0, 10, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match=r"cut\.nc: has no seal"):
            tolls.load(path)


def test_a_sound_file_is_the_same_looked_at_or_checked(saved):
    assert repr(tolls.load(saved, check=False)) == repr(tolls.load(saved))


def test_other_programs_read_the_draws(saved):
    with xr.open_datatree(saved, engine="h5netcdf") as tree:
        toll = tree["posterior"]["toll"]
        assert list(toll.coords["node"].values) == list(tolls.load(saved).nodes)


def resealed(saved, path, change, format=FORMAT):
    """Write a file that somebody changed, with a seal that holds."""
    shutil.copy(saved, path)
    body, fault = unsealed(saved.read_bytes())
    assert not fault
    path.write_bytes(body)
    with h5py.File(path, "a") as file:
        change(file)
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()
    path.write_bytes(body + f"\ntolls estimate, format {format}, sha256:{digest}\n".encode())
    return path


def header(without="", **changes):
    """Change keys of the header, or remove one."""

    def change(file):
        told = json.loads(file.attrs["tolls"]) | changes
        file.attrs["tolls"] = json.dumps({k: v for k, v in told.items() if k != without})

    return change


def linked(file):
    del file["posterior/bias"]
    file["posterior/bias"] = h5py.ExternalLink("/tmp/elsewhere.nc", "/posterior/bias")


def soft(file):
    file["posterior/bias_too"] = h5py.SoftLink("/posterior/bias")


def objects(file):
    del file["posterior/bias"]
    file["posterior"].create_dataset("bias", data=np.array(["x"] * 4, dtype=h5py.string_dtype()))


def outside(file):
    shape = file["posterior/kappa"].shape
    del file["posterior/kappa"]
    file["posterior"].create_dataset(
        "kappa", shape, "f8", external=[("/etc/hostname", 0, h5py.h5f.UNLIMITED)]
    )


def huge(file):
    file["posterior"].create_dataset("kappa_too", (10**12,), "f8", chunks=(1000,))


def gone(name):
    return lambda file: file.__delitem__(name)


def changed(name, change):
    """Put an array in the place of another."""

    def replace(file):
        array = change(file[name][()])
        del file[name]
        file[name] = array

    return replace


def one(value, name="posterior/toll"):
    """Put a number in the place of the first draw."""

    def put(array):
        array = array.astype(float) if value % 1 else array
        array[0, 0, 0] = value
        return array

    return changed(name, put)


NO_NODES = {"ok": True, "ess": 900.0, "rhat": 1.0, "divergences": 0, "khat": None, "nodes": {}}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (header(tolls_version="9.9"), "was written by tolls 9.9, and this is"),
        (header(digest="sha256:0"), "holds another case than its digest says"),
        (header(seed="1"), "header is not what it should be"),
        (header(without="case"), "header is not what it should be"),
        (header(surprise=1), "header is not what it should be"),
        (header(case="{}"), "is no estimate"),
        (header(as_of="1999-01-01"), "is no estimate"),
        (header(as_of="soon"), "is no estimate"),
        (header(measures={}), "is no estimate"),
        (lambda file: file.attrs.__setitem__("tolls", "[" * 10_000), "is no estimate"),
        (lambda file: file.attrs.__setitem__("tolls", 3), "is no estimate"),
        (lambda file: file.attrs.__delitem__("tolls"), "is no estimate"),
        (linked, "stands elsewhere"),
        (soft, "stands elsewhere"),
        (objects, "holds no numbers of its own"),
        (outside, "holds no numbers of its own"),
        (huge, "holds more than its file"),
        (gone("posterior"), "posterior is missing"),
        (gone("posterior/toll"), "is no estimate"),
        (gone("posterior/bias"), "lacks bias"),
        (gone("posterior/eta"), "lacks eta"),
        (changed("prior/toll", lambda a: a[..., :1]), "toll of another shape"),
        (changed("prior/toll", lambda a: a[:0]), "toll of another shape"),
        (changed("posterior/bias", lambda a: a[..., None]), "bias of another shape"),
        (changed("posterior/kappa", lambda a: a[:1]), "kappa of another shape"),
        (changed("posterior/toll", lambda a: a.astype("f8")), "toll that no fit gives"),
        (changed("posterior/bias", lambda a: a.astype("f2")), "bias that no fit gives"),
        (one(math.nan), "toll that no fit gives"),
        (one(-1), "toll that no fit gives"),
        (one(math.nan, "posterior/bias"), "bias that no fit gives"),
        (one(-0.5, "posterior/scatter"), "scatter that no fit gives"),
        (one(1.5, "posterior/reliability"), "reliability that no fit gives"),
        (changed("posterior/eta", lambda a: a * math.inf), "eta that no fit gives"),
        (lambda file: file.copy("posterior/eta", "posterior/omega"), "holds omega"),
        (header(diagnostics=NO_NODES), "diagnostics are of other nodes"),
        (header(measures={"killed": NO_NODES}), "diagnostics are of other nodes"),
        (header(engine="\x1b[2J"), "header is not what it should be"),
        (header(tolls_version="\x1b[2J" * 999), "was written by tolls \\x1b[2J"),
        (header(as_of="\x1b[2J" * 999), "is no estimate"),
    ],
)
def test_a_file_that_is_sealed_and_is_not_what_it_should_be_is_refused(
    saved, tmp_path, change, told
):
    path = resealed(saved, tmp_path / "made.nc", change)
    with pytest.raises(InputError, match=f"made\\.nc: .*{re.escape(told)}") as caught:
        tolls.load(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 800


def test_another_version_is_looked_at_on_demand(saved, tmp_path):
    path = resealed(saved, tmp_path / "old.nc", header(tolls_version="0.0.9"))
    estimate = tolls.load(path, check=False)
    assert estimate.tolls("killed").tolist() == tolls.load(saved).tolls("killed").tolist()
    assert "was written by tolls 0.0.9" in estimate.notes[0]
    estimate.save(tmp_path / "again.nc")  # the mark is not lost by saving
    assert "nothing is vouched for" in tolls.load(tmp_path / "again.nc").verdict


def test_another_format_is_refused_by_its_number(saved, tmp_path):
    path = resealed(saved, tmp_path / "new.nc", lambda _: None, format=FORMAT + 1)
    with pytest.raises(InputError, match=f"has format {FORMAT + 1}; known is format {FORMAT}"):
        tolls.load(path)
