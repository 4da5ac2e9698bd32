"""Counts in words: what "dozens", "several thousand" or "nearly 1,500" says of a belief.

A word is a set of cells of the belief with soft edges, weighted such that all words of the table
together have probability one whatever the belief; a number after a hedge is a number with a
qualifier of its own. The table is ``presets/words.toml``, replaceable by the analyst.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tolls.presets import Presets

__all__ = ["Phrase", "all_words", "read_phrase", "reworded", "word_cells"]

_HEDGED = r"(?:(?P<hedge>[a-z' ]+?) )??"
_NUMBER = re.compile(
    rf"{_HEDGED}(?P<number>[0-9]{{1,3}}(?:[, ][0-9]{{3}})+|[0-9]{{1,18}})(?: more)?"
)
_SMALL = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
)  # fmt: skip
_TIMES = {name: n for n, name in enumerate(_SMALL, 1)} | {"a": 1, "half a": 0.5}
_UNITS = {
    "dozen": 12, "score": 20, "hundred": 100, "thousand": 1000, "hundred thousand": 100_000,
    "million": 1_000_000,
}  # fmt: skip
_SPELT = re.compile(
    rf"{_HEDGED}(?:(?P<times>{'|'.join(_TIMES)}) (?P<unit>{'|'.join(_UNITS)})|"
    rf"(?P<small>{'|'.join(_SMALL)}))(?: more)?"
)
ROUND = "about"  # the hedge that a round number in letters has without one


@dataclass(frozen=True, slots=True)
class Phrase:
    """What a phrase says: a word of the table, or a number with its qualifier.

    Attributes
    ----------
    qualifier : str
        ``words``, or what the hedge before the number stands for.
    word : str
        As the table has it, for ``words``.
    value : int, optional
        The number.
    lift, sd : float
        By how much the log of what is said lies above the belief, and how widely.
    """

    qualifier: str
    word: str = ""
    value: int | None = None
    lift: float = 0.0
    sd: float = 0.0


def read_phrase(text: str, presets: Presets) -> Phrase | None:
    """Read a count in words.

    Parameters
    ----------
    text : str
    presets : Presets
        The table of words and hedges.

    Returns
    -------
    Phrase or None
        None where the table knows neither the word nor the hedge.

    Examples
    --------
    >>> from tolls.presets import load_presets
    >>> read_phrase("nearly 1,500", load_presets()).value
    1500
    >>> read_phrase("several hundreds", load_presets()).word
    'several hundred'
    >>> read_phrase("almost two hundred", load_presets()).value
    200
    """
    said = _plain(text)
    for word, term in presets.words.terms.items():
        if said in (word, *term.also):
            return Phrase("words", word)
    found = _number(said)
    if found is None:
        return None
    before, value = found
    if not before:
        return Phrase("exact", value=value)
    for name, hedge in presets.hedges.items():
        if before in (name, *hedge.also):
            return Phrase(hedge.qualifier, value=value, lift=hedge.lift, sd=hedge.sd)
    return None


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _number(said: str) -> tuple[str, int] | None:
    """Return the hedge of a number, in digits or letters, and the number."""
    if found := _NUMBER.fullmatch(said):
        return found["hedge"] or "", int(re.sub("[, ]", "", found["number"]))
    if found := _SPELT.fullmatch(said):
        if found["small"]:
            return found["hedge"] or "", int(_TIMES[found["small"]])
        return found["hedge"] or ROUND, int(_TIMES[found["times"]] * _UNITS[found["unit"]])
    return None


def reworded(text: str, value: int) -> str:
    """Return a hedged number with the same hedge and another number.

    Examples
    --------
    >>> reworded("nearly 1,500", 1700), reworded("two dozen", 31)
    ('nearly 1700', 'about 31')
    """
    found = _number(_plain(text))
    return f"{found[0] if found else ROUND} {value}".strip()


def all_words(presets: Presets) -> tuple[str, ...]:
    """Return every word and hedge of the table, for messages."""

    def named(table: Iterable[tuple[str, tuple[str, ...]]]) -> list[str]:
        return [word for name, also in table for word in (name, *also)]

    terms = named((name, term.also) for name, term in presets.words.terms.items())
    hedges = named((name, hedge.also) for name, hedge in presets.hedges.items())
    return (*terms, *(f"{hedge} N" for hedge in hedges))


def word_cells(word: str, presets: Presets) -> list[tuple[float, float, float]]:
    """Return the cells (low, high, probability of the word there) of a belief, in people.

    Between two edges of the table a belief is worded by the shares of the words that cover it.

    Examples
    --------
    >>> from tolls.presets import load_presets
    >>> word_cells("tens of thousands", load_presets())
    [(20000.0, 100000.0, 1.0)]
    """
    return [
        (low, high, here[word] / sum(here.values()))
        for low, high, here in presets.words.pieces
        if word in here
    ]
