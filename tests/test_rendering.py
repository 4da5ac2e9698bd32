"""Documents: the same bytes from the same inputs, nothing but the account's numbers, inert names.

Looks are held by a browser where the machine has one; the rest reads what was written.
"""

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import zlib
from functools import partial
from html import escape, unescape
from html.parser import HTMLParser
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import typst
from helpers import write_case

import tolls
from tolls import formatting
from tolls.captions import SCENARIOS
from tolls.chapters import compose
from tolls.cli import main
from tolls.documents import Cell, Document, Section, Table
from tolls.errors import EstimateRefused, InputError
from tolls.figures import as_svg
from tolls.formatting import inert
from tolls.pages import as_html, as_pdf
from tolls.predictive import foretold

EVIL = '<script>alert("x")</script> #panic("x") $\\alpha$ ]]>'
TOML = """format = 1
title = 'The <b>event</b> & #emph[more]'
kind = "attack"
start = 2025-03-06
end = 2025-03-07

[[partitions]]
of = "killed"
into = ["=SUM(A1)", "others"]

[definitions]
others = "everyone else"

[sources.Monitor]
grade = "B"
kind = "monitor"
rationale = "Publishes </script> names"
reference = "https://example.org/a?b=1&c=2"

[sources.Court]
grade = "A"
kind = "forensic"
reference = "javascript:alert(1)"
"""
ROWS = [
    {"source": "Monitor", "value": 30, "published": "2025-03-07"},
    {"source": "Monitor", "value": 25, "category": "=SUM(A1)", "published": "2025-03-09"},
    {"source": "Monitor", "value": 14, "category": "others", "published": "2025-03-09"},
    {"source": "Court", "value": 41, "published": "2025-03-12"},
    {"source": EVIL, "value": 900, "qualifier": "at_least", "published": "2025-03-08"},
    {"source": "Wire", "value": 30, "cites": "Monitor", "published": "2025-03-08"},
    {"source": "Monitor", "value": 90, "measure": "injured", "published": "2025-03-09"},
]
TEXTS = {"index.html", "estimate.json", "estimates.csv"}
FIGURES = {
    f"{name}.svg"
    for name in (
        "tolls", "tolls-injured", "sources", "sources-injured", "reports", "reports-injured",
        "timeline", "sensitivity",
    )
}  # fmt: skip
BROWSER = shutil.which("chromium")


@pytest.fixture(scope="module")
def case_path(tmp_path_factory):
    """Write a case whose names are code elsewhere."""
    return write_case(tmp_path_factory.mktemp("case"), TOML, ROWS)


@pytest.fixture(scope="module")
def folder(case_path, tmp_path_factory):
    """Render it."""
    target = tmp_path_factory.mktemp("made") / "deep" / "document"
    page = tolls.render(tolls.read_case(case_path), target, seed=1, pdf=True)
    assert page == target / "index.html"
    return target


@pytest.fixture(scope="module")
def told(folder):
    """Read the numbers."""
    return json.loads((folder / "estimate.json").read_text(encoding="utf-8"))


class Page(HTMLParser):
    """Tags with their attributes, and cells of tables as (data-value, text)."""

    def __init__(self, text):
        """Read a page."""
        super().__init__()
        self.tags, self.cells, self.open = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag == "td":
            self.open = [dict(attrs).get("data-value"), ""]

    def handle_data(self, data):
        """Add to the cell that is open."""
        if self.open:
            self.open[1] += data

    def handle_endtag(self, tag):
        """Close a cell."""
        if tag == "td":
            self.cells.append(tuple(self.open))
            self.open = None


@pytest.fixture(scope="module")
def page(folder):
    """Read the page."""
    return Page((folder / "index.html").read_text(encoding="utf-8"))


def test_the_same_inputs_give_the_same_bytes(folder, case_path, tmp_path):
    command = [sys.executable, "-m", "tolls", "render", str(case_path.parent), "--seed", "1"]
    done = subprocess.run(
        [*command, "--pdf", "-o", str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert done.stdout == f"{tmp_path / 'index.html'}\n"
    names = {path.name for path in folder.iterdir()}
    assert names == TEXTS | FIGURES | {"document.pdf", "estimate.nc"}
    for name in names:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_nothing_tells_of_the_machine_or_the_folder(folder, case_path):
    traces = [str(folder), str(case_path.parent), tempfile.gettempdir(), str(Path.cwd())]
    traces += [socket.gethostname(), "generated", "Creator"]
    for name in TEXTS | FIGURES:
        text = (folder / name).read_text(encoding="utf-8")
        for trace in traces:
            assert trace not in text, (name, trace)
    assert b"CreationDate" not in (folder / "document.pdf").read_bytes()


def test_the_page_asks_for_nothing(folder, page):
    policy = [a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a]
    assert len(policy) == 1
    assert policy[0].startswith("default-src 'none'")
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "object", "base")
        assert attributes.get("src", "data:").startswith("data:")
        if tag == "a":
            assert attributes["href"].startswith(("#", "https://example.org/"))
    assert "url(" not in (folder / "index.html").read_text(encoding="utf-8")
    images = [a for t, a in page.tags if t == "img"]
    assert len(images) == len(FIGURES)
    assert all(len(a["alt"]) > 20 for a in images)


def numbers_of(content):
    """Give every number of a JSON."""
    if isinstance(content, bool | str) or content is None:
        return
    if isinstance(content, int | float):
        yield float(content)
        return
    for inner in content.values() if isinstance(content, dict) else content:
        yield from numbers_of(inner)


def ends_of(content):
    """Give (what a cell sorts by, ends of the interval in it) for all intervals of a JSON."""
    for inner in content.values() if isinstance(content, dict) else content:
        if isinstance(inner, dict | list):
            yield from ends_of(inner)
    if isinstance(content, dict):
        for key, low in content.items():
            if not re.search(r"(^|_)lo(_|$)", key) or low is None:
                continue
            high = content[re.sub(r"(^|_)lo(_|$)", r"\1hi\2", key)]
            yield low, (high,)
            middle = content.get(re.sub(r"(^|_)lo$", r"\1median", key))
            yield middle, (low, high)


def is_rounding(shown, value):
    """Tell whether a number is written as another one rounds to the digits that are shown."""
    digits = shown.replace(",", "").lstrip("-")
    mantissa = digits.split("e")[0]
    unit = 10.0 ** -len(mantissa.partition(".")[2])
    if "." not in mantissa:
        unit = 10.0 ** (len(mantissa) - len(mantissa.rstrip("0") or "0"))
    if "e" in digits:
        unit *= 10.0 ** int(digits.split("e")[1])
    return abs(float(shown.replace(",", "")) - value) <= 0.5 * unit * (1 + 1e-9)


def wrong_cells(page, told):
    """Return the cells of which a number is none of the JSON, or badly rounded, and all checked."""
    known, ends = set(numbers_of(told)), {}
    for value, both in ends_of(told):
        ends.setdefault(value, []).append(both)
    wrong, checked = [], {1: 0, 2: 0, 3: 0}
    for value, text in page.cells:
        if value is None:
            continue
        first, *others = re.findall(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]\d+)?", text)
        of_hundred = text.endswith("%")
        right = float(value) in known and (
            abs(float(first) - 100 * float(value)) <= 0.5
            if of_hundred
            else is_rounding(first, float(value))
        )
        if others:
            right &= any(
                len(both) == len(others) and all(map(is_rounding, others, both))
                for both in ends.get(float(value), ())
            )
        checked[1 + len(others)] += 1
        wrong += [] if right else [(value, text)]
    return wrong, checked


def test_every_number_of_the_tables_is_that_of_the_json_rounded(page, told):
    wrong, checked = wrong_cells(page, told)
    assert not wrong
    assert checked[3] == 2 * len(told["sources"])  # prior and posterior
    assert min(checked[1], checked[2]) >= 50


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("count", lambda value, width: formatting.count(2 * value, width)),
        ("interval", lambda low, high: formatting.interval(low, 1.2 * high)),
        ("ratio", lambda value: formatting.ratio(1.1 * value)),
        ("percent", lambda share: formatting.percent(share + 0.02)),
    ],
)
def test_a_number_of_a_table_that_is_another_would_be_found(told, monkeypatch, name, wrong):
    monkeypatch.setattr(f"tolls.chapters.{name}", wrong)
    text = as_html(compose(told), dict.fromkeys(figures_of(told), b"<svg/>")).decode()
    assert wrong_cells(Page(text), told)[0]


def test_the_answer_is_the_estimate_of_the_same_seed(told, case_path):
    estimate = tolls.fit(tolls.read_case(case_path), seed=1)
    printed = estimate.to_dict()
    for key in set(printed) - {"nodes", "sources"}:
        assert told[key] == printed[key], key
    for key in ("nodes", "sources"):
        own = [row for row in told[key] if key == "nodes" or row["measure"] == "killed"]
        for row, expected in zip(own, printed[key], strict=True):
            assert row | expected == row
    assert told["sentences"] == [estimate.sentence(node) for node in ("killed", "injured")]


def test_names_of_the_input_are_inert(folder, page, told):
    assert [tag for tag, _ in page.tags].count("script") == 1
    # names of sources and of what was changed alone
    bold = [tag for tag, _ in page.tags if tag in ("b", "em")]
    assert bold == ["b"] * (len(told["sources"]) + len(SCENARIOS))
    assert any(text == inert(EVIL) for _, text in page.cells)
    hrefs = [a.get("href", "") for _, a in page.tags]
    assert "https://example.org/a?b=1&c=2" in hrefs
    assert not [href for href in hrefs if href.startswith("javascript")]


def streams(pdf):
    """Give the bytes of a PDF and everything it holds compressed."""
    yield pdf
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            yield zlib.decompress(found.group(1))
        except zlib.error:
            continue


def pictures_in(pdf):
    """Count what is a picture of points in a PDF."""
    return sum(len(re.findall(rb"/Subtype\s*/Image", content)) for content in streams(pdf))


def test_the_figures_of_the_pdf_are_vectors(folder):
    assert not pictures_in((folder / "document.pdf").read_bytes())


@pytest.mark.parametrize("high", [300, 560, 900])
def test_every_page_of_the_pdf_but_the_last_is_used(told, monkeypatch, high):
    def box(points):
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="360" height="{points}">'
        return f'{svg}<rect width="360" height="{points}"/></svg>'.encode()

    # the first figure, of the answer, grows with the reports; many high ones need more text
    pictures = dict.fromkeys(figures_of(told), box(300)) | {"tolls": box(high)}
    # the same layout as pictures of its pages
    monkeypatch.setattr(typst, "compile", partial(typst.compile, format="png", ppi=20))
    drawn = as_pdf(compose(told), pictures)
    pages = [plt.imread(BytesIO(page))[..., :3].mean(axis=2) for page in drawn]
    assert len(pages) > 2
    for page in pages[:-1]:
        last = int(0.92 * len(page))  # below it is the number of the page
        dark = [row for row in range(last) if page[row].min() < 0.8]
        assert max(dark) > 0.6 * len(page), "the foot of a page is empty"
        gaps = [after - before for before, after in pairwise(dark)]
        assert max(gaps) < 0.3 * len(page), "a page has a hole"


@pytest.mark.parametrize("rows", range(8))
def test_a_table_of_any_length_is_set(rows):
    row = (Cell("killed"), Cell("9", 9.0))
    table = Table("One node has one row.", ("", "median"), (row,) * rows)
    document = Document("T", "Q", ("A",), "L", (Section("The answer", (table,)),))
    assert as_pdf(document, {}).startswith(b"%PDF")


def test_a_picture_in_the_pdf_would_be_found(told):
    _, ax = plt.subplots()
    ax.imshow([[0, 1]])
    assert pictures_in(as_pdf(compose(told), dict.fromkeys(figures_of(told), as_svg(ax))))


def test_the_draws_load(folder, told):
    loaded = tolls.load(folder / "estimate.nc")
    assert loaded.to_dict()["nodes"][0]["median"] == told["nodes"][0]["median"]


def browse(page, folder):
    """Open a page in the browser, and return its tree and what it asked for."""
    log = folder / "net.json"
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
        "--disable-background-networking --disable-component-update"
    )
    done = subprocess.run(
        [BROWSER, *flags.split(), "--host-resolver-rules=MAP * ~NOTFOUND",
         f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", "--dump-dom",
         page.as_uri()],
        check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    hosts = set(re.findall(r'"url":"https?://([^/"]+)', log.read_text()))
    # the browser looks for updates of its own, whatever the page
    return done.stdout, {h for h in hosts if not h.endswith(("google.com", "googleapis.com"))}


PHONE = """<iframe id=phone style="width: 390px; height: 800px; border: 0" srcdoc="PAGE"></iframe>
<script>
addEventListener("load", () => {
  const inside = document.getElementById("phone").contentDocument;
  const beyond = [inside.documentElement, ...inside.querySelectorAll(".wide")]
    .map((box) => box.scrollWidth - box.clientWidth);
  const main = inside.querySelector("table");
  const at = [...main.tHead.rows[0].cells].findIndex((c) => c.textContent.startsWith("95"));
  const ends = [...main.rows].map((row) => row.cells[at].getBoundingClientRect());
  document.title = JSON.stringify({
    beyond: Math.max(...beyond), tables: beyond.length - 1, at,
    left: Math.min(...ends.map((end) => end.left)),
    right: Math.max(...ends.map((end) => end.right)),
    shown: getComputedStyle(main.rows[1].cells[at]).display,
  });
});
</script>"""


@pytest.mark.skipif(BROWSER is None, reason="chromium is not installed: apt-get install chromium")
def test_on_a_phone_nothing_has_to_be_scrolled_sideways(folder, tmp_path):
    text = (folder / "index.html").read_text(encoding="utf-8")
    page = tmp_path / "phone.html"
    page.write_text(PHONE.replace("PAGE", escape(text)), encoding="utf-8")
    tree, _ = browse(page, tmp_path)
    found = json.loads(unescape(re.search(r"<title>(.*?)</title>", tree).group(1)))
    assert found["tables"] > 8
    assert found["beyond"] <= 0
    assert found["at"] == 2, "the 95 % interval follows the median"
    assert found["shown"] == "table-cell"
    assert 0 < found["left"] < found["right"] <= 390


@pytest.mark.skipif(BROWSER is None, reason="chromium is not installed: apt-get install chromium")
def test_in_a_browser_tables_sort_and_nothing_is_asked_for(folder, told, tmp_path):
    click = (
        "<script>document.querySelectorAll('thead button')[COLUMN].click();"
        "document.title = [...document.querySelector('tbody').rows].map(r => r.cells[0].textContent"
        ").join('|') + [...document.images].map(i => i.naturalWidth > 0)</script>"
    )
    orders = {}
    text = (folder / "index.html").read_text(encoding="utf-8")
    for name, script in {
        "as written": "", "by median": click.replace("COLUMN", "0"),
        "by median, falling": 2 * click.replace("COLUMN", "0"),
    }.items():  # fmt: skip
        page = tmp_path / f"{name}.html"
        page.write_text(text.replace("</body>", f"{script}</body>"), encoding="utf-8")
        tree, asked = browse(page, tmp_path)
        assert not asked
        orders[name] = re.search(r"<title>(.*?)</title>", tree, re.DOTALL).group(1)
    page = tmp_path / "asks.html"
    page.write_text('<img src="https://example.org/a.png">', encoding="utf-8")
    assert browse(page, tmp_path)[1] == {"example.org"}  # so that it would have been seen
    medians = {node["node"]: node["median"] for node in told["nodes"]}
    for name, falling in (("by median", False), ("by median, falling", True)):
        nodes, images = orders[name].split("true", 1)
        assert nodes.split("|") == sorted(medians, key=medians.__getitem__, reverse=falling)
        assert "false" not in images


def test_a_refused_estimate_writes_nothing(case_path, tmp_path, capsys, monkeypatch):
    def refused(*_, **__):
        raise EstimateRefused("too few effective draws", None)

    monkeypatch.setattr("tolls.rendering.sensitivity", refused)
    target = tmp_path / "made"
    assert main(["render", str(case_path.parent), "--seed", "1", "-o", str(target)]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", "refused: too few effective draws\n")
    assert not list(target.iterdir())


def test_a_day_whose_estimate_is_refused_is_told(told, case_path, monkeypatch, tmp_path):
    fit = tolls.fit

    def first_refused(case, *, as_of=None, **options):
        if str(as_of) == "2025-03-07":
            raise EstimateRefused("too few effective draws", None)
        return fit(case, as_of=as_of, **options)

    monkeypatch.setattr("tolls.rendering.fit", first_refused)
    tolls.render(tolls.read_case(case_path), tmp_path, seed=1)
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "No estimate of 2025-03-07 is shown: it was refused (too few effective draws)." in text
    again = json.loads((tmp_path / "estimate.json").read_text(encoding="utf-8"))
    days = [{row["as_of"] for row in t["timeline"]["rows"]} for t in (told, again)]
    assert days[0] - days[1] == {"2025-03-07"}
    assert not (tmp_path / "document.pdf").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--seed", "-1"], "seed"),
        (["--seed", "1", "--engine", "gibbs"], "gibbs"),
        (["--seed", "1", "--as-of", "2025-03-01"], "2025-03-01"),
    ],
)
def test_bad_arguments_end_in_exit_code_2(case_path, tmp_path, capsys, arguments, expected):
    assert main(["render", str(case_path.parent), "-o", str(tmp_path), *arguments]) == 2
    assert expected in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_file_in_place_of_the_folder_is_refused(case_path, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="name a folder that can be written"):
        tolls.render(tolls.read_case(case_path), tmp_path / "taken", seed=1)


def test_what_is_no_number_is_a_dash_and_chains_have_their_r_hat(told):
    silent = json.loads(json.dumps(told))
    silent["sources"][0]["without"] = None
    silent["sensitivity"]["scenarios"][3] |= {"median": None, "lo": None, "hi": None}
    for node in silent["nodes"]:
        node["rhat"] = 1.004
    document = compose(silent)
    text = as_html(document, dict.fromkeys(figures_of(told), b"<svg/>")).decode()
    assert "R-hat" in text.split("Day by day")[0] or "R-hat</th>" in text
    assert ">1.004</td>" in text
    assert text.count(">—</td>") > as_html(
        compose(told), dict.fromkeys(figures_of(told), b"<svg/>")
    ).decode().count(">—</td>")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    assert as_pdf(document, dict.fromkeys(figures_of(told), svg)).startswith(b"%PDF")


def texts_of(document):
    """Give every sentence of a document."""
    for section in document.sections:
        for part in section.parts:
            if part.kind == "text":
                yield part.text
            elif part.kind == "items":
                yield from (text for _, text, _ in part.items)


def table_of(document, caption):
    """Return the table whose caption begins so."""
    (found,) = [
        part for section in document.sections for part in section.parts
        if part.kind == "table" and part.caption.startswith(caption)
    ]  # fmt: skip
    return found


def test_what_the_level_rests_on_is_said_once_right_below_the_answer(folder, told):
    text = (folder / "index.html").read_text(encoding="utf-8")
    level = str(escape(told["level"]).replace("&#x27;", "&#39;"))
    assert text.count(level) == 1
    between = text[text.index("credible interval; median") : text.index(level)]
    assert "<h2" not in between
    assert "<nav" not in between


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"read": 1, "evidence": 1}, "1 report was read: 1 counts as evidence."),
        ({"read": 2, "evidence": 2}, "2 reports were read: 2 count as evidence."),
        ({"read": 5, "evidence": 3, "repeats": 1, "redundant": 1},
         "5 reports were read: 3 count as evidence, 1 repeats a figure that counts already and 1 "
         "is a printed total of parts that count already."),
        ({"read": 9, "evidence": 1, "relays": 2, "repeats": 2, "set_aside": 2, "later": 2},
         "9 reports were read: 1 counts as evidence, 2 are relays of other sources and were set "
         "aside, 2 repeat a figure that counts already, 2 were set aside for other reasons and 2 "
         "were published later and left out."),
    ],
)  # fmt: skip
def test_what_became_of_the_reports_is_a_plain_sentence(told, counts, expected):
    changed = told | {"reports": dict.fromkeys(told["reports"], 0) | counts}
    assert expected in texts_of(compose(changed))


def test_shares_of_priors_in_the_table_are_those_of_the_sentence(told):
    table = table_of(compose(told), "Where the interval comes from")
    shares = {cells[0].text: cells[1].value for cells in table.rows}
    said = re.search(r"(\d+) % comes from priors", told["sensitivity"]["sentence"]).group(1)
    of_priors = sum(share for name, share in shares.items() if name.startswith("prior"))
    assert float(said) == pytest.approx(100 * of_priors, abs=0.5)
    rest = shares["how sources scatter"] + shares["how often sources err"]
    assert shares["all but single statements"] == pytest.approx(of_priors + rest)


def test_every_scenario_of_the_page_is_explained_on_it(told):
    (section,) = [s for s in compose(told).sections if s.title == "What would change the answer"]
    explained = [n for own in section.parts if own.kind == "items" for name, *_ in own.items
                 for n in name.split(", ")]  # fmt: skip
    changed = [row["scenario"] for row in told["sensitivity"]["scenarios"][1:]]
    assert len(changed) > len(explained) > 9
    assert [name for name in changed if not name.startswith(tuple(explained))] == []


def test_names_of_nodes_read_as_words_in_sentences_and_tables(told):
    changed = json.loads(json.dumps(told))
    changed["nodes"][1]["node"] = "pro_state"
    changed["nodes"][2]["node"] = "injured/pro_state"
    changed["warnings"] = ["row 3: 9 of pro_state and 8 of injured/pro_state; a_pro_state is other"]
    changed["definitions"] = {"pro_state": "Those of pro_state."}
    document = compose(changed)
    texts = list(texts_of(document))
    assert "row 3: 9 of pro state and 8 of injured, pro state; a_pro_state is other" in texts
    assert "Those of pro state." in texts
    names = [cells[0].text for cells in table_of(document, "Credible intervals").rows]
    assert names[1:3] == ["pro state", "injured, pro state"]


def figures_of(told):
    """Return the names of all figures."""
    return [name for named in told["figures"].values() for name in named]


def test_what_a_source_would_state_follows_from_its_declaration():
    sure = {"median": 2.0, "low": 1.999, "high": 2.001}
    still = {"median": 0.001, "low": 0.0009, "high": 0.0011}
    declared = {"bias": sure, "scatter": still, "reliability": {"mean": 0.999, "strength": 1e6}}
    case = tolls.Case(
        [{"source": "Monitor", "value": 9, "published": "2025-03-09"}],
        sources={"Monitor": declared | {"grade": "A"}},
    )
    median, low, high = foretold(case, "Monitor", 500, seed=1, ci_prob=0.9)
    # log-normal about 1,000 with the shared bias and the counting noise alone
    spread = (case.presets.shared_bias.sd**2 + case.presets.belief.counting / 1000) ** 0.5
    error = 4 * spread * (0.1 * 0.9 / 20_000) ** 0.5 / 0.206  # of a 5 % quantile, in log
    assert median == pytest.approx(1000, rel=4 * spread * 1.2533 / 20_000**0.5)
    for end, z in ((low, -1.6449), (high, 1.6449)):
        assert end == pytest.approx(1000 * 2.718281828 ** (z * spread), rel=error)
