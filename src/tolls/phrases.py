"""Counts in words: what "dozens", "several thousand" or "nearly 1,500" says of a belief.

A word is a set of cells of the belief with soft edges, weighted such that all words of the table
together have probability one whatever the belief; a number after a hedge is a number with a
qualifier of its own. The table is ``presets/words.toml``, replaceable by the analyst.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tolls.presets import Presets

__all__ = ["Phrase", "all_words", "read_phrase", "word_cells"]

_NUMBER = re.compile(
    r"(?:(?P<hedge>[a-z' ]+?) )?(?P<number>[0-9]{1,3}(?:[, ][0-9]{3})+|[0-9]{1,18})(?: more)?"
)


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
    """
    said = " ".join(text.lower().split())
    for word, term in presets.words.terms.items():
        if said in (word, *term.also):
            return Phrase("words", word)
    found = _NUMBER.fullmatch(said)
    if found is None:
        return None
    value = int(re.sub("[, ]", "", found["number"]))
    if found["hedge"] is None:
        return Phrase("exact", value=value)
    for name, hedge in presets.hedges.items():
        if found["hedge"] in (name, *hedge.also):
            return Phrase(hedge.qualifier, value=value, lift=hedge.lift, sd=hedge.sd)
    return None


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
