"""What a text or a day may be: names as they are compared and printed, free text, the calendar.

Names come from strangers and end in terminals, tables and pages. Letters of every script are fine;
what steers a terminal, turns the direction of writing or cannot be seen is refused.
"""

import re
import unicodedata
from datetime import date

from tolls.constants import FIRST_YEAR, LAST_YEAR, MAX_NAME, MAX_TEXT
from tolls.errors import JOINERS, Problems

__all__ = [
    "DAY",
    "NAME_PATTERN",
    "TEXT_PATTERN",
    "Alike",
    "alike",
    "composed",
    "in_calendar",
    "look",
    "mixed_scripts",
    "name_fault",
    "text_fault",
]

# as ranges of a regular expression: control characters, what turns the direction of writing, and
# what shows nothing; the schema of an editor takes the same
_CONTROL = (
    r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff"
)
_UNSEEN = (
    r"\t\n\r\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028\u2029"
    r"\u2060-\u206f\u2800\u3164\ue000-\uf8ff\ufeff\uffa0\ufff0-\uffff"
)
DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
NAME_PATTERN = rf"^(?!\s)[^{_CONTROL}{_UNSEEN}]+(?<!\s)$"
TEXT_PATTERN = rf"^[^{_CONTROL}]*$"
# lone halves of a character, what lays out shorthand and music, tags, private use
_BEYOND = r"\ud800-\udfff\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U0010ffff"
_NO_NAME = re.compile(f"[{_CONTROL}{_UNSEEN}{_BEYOND}]")
_NO_TEXT = re.compile(rf"[{_CONTROL}\ud800-\udfff]")
# joiners between letters that need none, and selectors of a letter's look
_MISPLACED = re.compile(
    f"(?<![\u0590-\u1cff\ua800-\uabff\U00011000-\U00011fff])[{JOINERS}]|[{JOINERS}]$|"
    "(?<=[^\\W\\d_])[\ufe00-\ufe0f]"
)
# what Arabic is written with or without: vowel signs, and the stroke that stretches a word
_VOWELLED = re.compile("[\u0640\u064b-\u0652\u0670]")
# letters as `alike` leaves them that are drawn like Latin ones, small or large
_CYRILLIC = (
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0456\u0458\u0455"
)
_GREEK = "\u03b1\u03b2\u03b5\u03b6\u03b7\u03b9\u03ba\u03bc\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7"
_DRAWN = str.maketrans(_CYRILLIC + _GREEK, "abekmhopctyxijs" + "abezhikmnoptyx")
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")
_WORDS = {"\t": "a tab", "\n": "a line break", "\r": "a line break", "\u2028": "a line break",
          "\u2029": "a line break", "\ufffd": "what a lost character left"}  # fmt: skip


def name_fault(text: str) -> str:
    r"""Say what keeps a text from being a name, and the mend; nothing where it may be one.

    Examples
    --------
    >>> name_fault("Observatório"), name_fault("a\x1b[2J")[:26]
    ('', '"a\x1b[2J" holds U+001B, a co')
    """
    if len(text) > MAX_NAME:
        return f'"{text[:20]}…" has {len(text):,} characters; allowed for a name: {MAX_NAME}'
    if text.isascii() and text.isprintable():
        return ""
    found = _NO_NAME.search(text) or _MISPLACED.search(text)
    return f"{_told(text, found)}; allowed: printable text in one line" if found else ""


def text_fault(text: str) -> str:
    """Say what keeps a text from being printed, and the mend; nothing where there is nothing."""
    if len(text) > MAX_TEXT:
        return f'"{text[:20]}…" has {len(text):,} characters; allowed: {MAX_TEXT:,}'
    if text.isascii() and text.isprintable():
        return ""
    found = _NO_TEXT.search(text)
    return f"{_told(text, found)}; allowed: printable text" if found else ""


def _told(text: str, found: re.Match[str]) -> str:
    character, place = found[0], found.start()
    what = _WORDS.get(character) or unicodedata.name(character, "a control character")
    near = text[max(place - 20, 0) : place + 20].encode(errors="backslashreplace").decode()
    return f'"{near}" holds U+{ord(character):04X}, {what}, as character {place + 1}'


def composed(text: str) -> str:
    """Write letters with marks in one way, so that equal names are equal."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def alike(name: str) -> str:
    """Return what names have in common that differ in case, blanks or the form of letters alone.

    Examples
    --------
    >>> alike("Al  Jazeera") == alike("al jazeera")
    True
    """
    if not name.isascii():
        name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
        name = name.translate(dict.fromkeys(map(ord, JOINERS)))
        name = _VOWELLED.sub("", name)
    return "".join(name.casefold().split())


def look(name: str) -> str:
    r"""Return what names have in common that differ in punctuation, accents or script at most.

    Examples
    --------
    >>> look("Al-Jazeera") == look("Al Jazeera") == look("\u0410l Jazeera")
    True
    """
    letters = unicodedata.normalize("NFKD", alike(name))
    kept = "".join(
        c for c in letters if unicodedata.category(c)[0] != "P" and not "\u0300" <= c <= "\u036f"
    )
    return kept.translate(_DRAWN) or letters


def mixed_scripts(name: str) -> tuple[str, ...]:
    r"""Return the scripts of a word that is written in two that look alike; mostly none.

    Examples
    --------
    >>> mixed_scripts("S\u041eHR"), mixed_scripts("\u0422\u0410\u0421\u0421 (TASS)")
    (('Latin', 'Cyrillic'), ())
    """
    if name.isascii():
        return ()
    for word in re.findall(r"[^\W\d_]+", name):
        names = {unicodedata.name(c, "").partition(" ")[0] for c in word}
        found = tuple(script.title() for script in _SCRIPTS if script in names)
        if len(found) > 1:
            return found
    return ()


class Alike:
    """Notes names that a reader takes for one.

    Two spellings of one source would count as two that agree, and of one node as another node.
    """

    def __init__(self) -> None:
        self.first: dict[str, tuple[str, str]] = {}

    def note(self, where: str, name: str, problems: Problems) -> None:
        """Note a name, and that it is almost one that was noted before."""
        place, before = self.first.setdefault(alike(name), (where, name))
        if before != name:
            problems.add(
                where,
                f'"{name}" differs from "{before}" ({place}) in case, blanks or form of letters '
                "alone; write both alike where they mean the same, else name them apart",
            )


def in_calendar(day: date) -> date:
    """Return a day of the years that counts of people are read of; another is a slip."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"{day} is not of the years {FIRST_YEAR} to {LAST_YEAR}")
    return day
