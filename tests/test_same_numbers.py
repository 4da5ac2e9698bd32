"""The same numbers whatever runs them: processes, threads, hash seeds, and fits side by side."""

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers import every_kind
from threadpoolctl import threadpool_info

import tolls
from tolls.threads import ONE_THREAD

TESTS = Path(__file__).parent
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def digest(seed):
    """Digest of all draws of a case that mixes every kind of report."""
    estimate = tolls.fit(every_kind(), seed=seed, engine="collapsed")
    found = hashlib.sha256()
    for name, values in sorted(estimate.posterior.items()):
        found.update(name.encode() + values.tobytes())
    return found.hexdigest()


@pytest.fixture(scope="module")
def known():
    """Digests of two fits, one after the other."""
    return [digest(seed) for seed in (1, 2)]


def printed(code, *options, **environment):
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        env=os.environ | environment, cwd=TESTS, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("count", "hash_seed", "options"),
    [("1", "0", ()), ("2", "1", ()), ("4", "random", ("-X", "dev", "-W", "error"))],
)
def test_threads_and_hash_seeds_of_another_process_change_no_bit(known, count, hash_seed, options):
    code = "from test_same_numbers import digest; print(digest(1))"
    environment = dict.fromkeys(THREADS, count) | {"PYTHONHASHSEED": hash_seed}
    assert printed(code, *options, **environment) == known[:1]


POOLS = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from test_same_numbers import digest
if __name__ == "__main__":
    for how in ("fork", "spawn"):
        with ProcessPoolExecutor(1, multiprocessing.get_context(how)) as pool:
            print(*pool.map(digest, (1, 2)))
"""


@pytest.mark.slow
def test_pools_that_fork_and_pools_that_spawn_give_the_same(known):
    assert printed(POOLS) == known * 2


def test_fits_side_by_side_in_threads_are_those_one_after_the_other(known):
    assert known[0] != known[1]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(digest, (1, 2))) == known


def blas():
    return [
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    ]


def test_linear_algebra_has_one_thread_until_the_last_fit_has_left_and_then_as_many_as_before():
    before = blas()
    with ThreadPoolExecutor(1) as pool:
        ONE_THREAD.__enter__()
        pool.submit(ONE_THREAD.__enter__).result()
        ONE_THREAD.__exit__()
        assert set(blas()) == {1}
        pool.submit(ONE_THREAD.__exit__).result()
    assert blas() == before
