"""What stands in an account as a word of the program, in the words of a document."""

__all__ = ["BLOCKS", "COUNTED", "FATES", "SCENARIOS"]

FATES = {
    "evidence": "used",
    "relay": "relay",
    "repeat": "repeat",
    "redundant": "redundant",
    "set_aside": "set aside",
    "later": "later",
}
COUNTED = {  # what became of reports, of one and of several
    "evidence": ("counts as evidence", "count as evidence"),
    "relays": ("is a relay of another source and was set aside",
               "are relays of other sources and were set aside"),
    "repeats": ("repeats a figure that counts already", "repeat a figure that counts already"),
    "redundant": ("is a printed total of parts that count already",
                  "are printed totals of parts that count already"),
    "set_aside": ("was set aside for another reason", "were set aside for other reasons"),
    "later": ("was published later and left out", "were published later and left out"),
}  # fmt: skip
BLOCKS = {
    "range": "prior of the toll, before any report",
    "shares": "prior of the parts' shares",
    "shared bias": "prior of the bias that all sources share",
    "sources' biases": "priors of the sources' own biases",
    "growth": "prior of how fast tolls become known",
    "scatter": "how sources scatter",
    "reliability": "how often sources err",
    "statements": "single statements",
    "all but statements": "all but single statements",
}
SCENARIOS = {  # what was changed, by how the names of scenarios begin
    "zero mean": "no kind of source over- or understates on average.",
    "free mean": "little is taken to be known of the bias that all sources share.",
    "anchored": "the mean biases are taken to be known, as if an outside estimate had shown them.",
    "grades one up, grades one down": "every source is graded one letter better, or worse.",
    "priors weaker, priors stronger": "all priors count for somewhat less, or more, than they do.",
    "reports weaker, reports stronger": "so do all reports.",
    "mean bias ×": "all sources but an anchor state so many times what is declared of them.",
    "without": "had the source been silent.",
}
