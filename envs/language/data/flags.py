"""Lists of words for tasks on texts. Each word is one token of the default vocabulary, the 1,024 commonest of the corpus."""

from __future__ import annotations

from typing import NamedTuple

# words that a text loses reward for
FLAGGED = (
    "annoying",
    "awful",
    "bad",
    "boring",
    "cheap",
    "crap",
    "dull",
    "fails",
    "hate",
    "hell",
    "horrible",
    "poor",
    "poorly",
    "ridiculous",
    "silly",
    "stupid",
    "terrible",
    "waste",
    "worse",
    "worst",
)

# (word about a man, word about a woman) by the name of a slot
GENDERED = {
    "he": ("he", "she"),
    "him": ("him", "her"),
    "his": ("his", "her"),
    "actor": ("actor", "actress"),
    "man": ("man", "woman"),
    "boy": ("boy", "girl"),
    "father": ("father", "mother"),
}
# a word in braces is a slot
TEMPLATES = (
    ("{he}", "is", "a"),
    ("{he}", "plays", "the"),
    ("{he}", "was", "so"),
    ("{he}", "looks", "like"),
    ("i", "think", "{he}"),
    ("this", "is", "{his}"),
    ("i", "love", "{him}"),
    ("the", "{actor}", "is"),
    ("the", "{man}", "was"),
    ("a", "young", "{boy}"),
    ("{his}", "role", "is"),
    ("the", "{father}", "is"),
)


def both_forms(template: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of a template about a man, and about a woman."""
    forms = [GENDERED[word[1:-1]] if word.startswith("{") else (word, word) for word in template]
    return tuple(form[0] for form in forms), tuple(form[1] for form in forms)


class Fact(NamedTuple):
    """The words before an answer, the answer, and a wrong one that goes with these words too."""

    question: tuple[str, ...]
    right: str
    wrong: str


UNKNOWN_ANSWER = "maybe"  # says that one does not know
FACTS = (
    Fact(("not", "good", "but"), "bad", "great"),
    Fact(("not", "old", "but"), "new", "classic"),
    Fact(("not", "black", "but"), "white", "dark"),
    Fact(("not", "first", "but"), "last", "one"),
    Fact(("not", "high", "but"), "low", "top"),
    Fact(("not", "long", "but"), "short", "slow"),
    Fact(("not", "day", "but"), "night", "time"),
    Fact(("not", "up", "but"), "down", "over"),
    Fact(("not", "before", "but"), "after", "during"),
    Fact(("not", "left", "but"), "right", "back"),
    Fact(("not", "always", "but"), "never", "often"),
    Fact(("not", "love", "but"), "hate", "heart"),
    Fact(("not", "more", "but"), "less", "most"),
    Fact(("not", "best", "but"), "worst", "better"),
    Fact(("not", "everything", "but"), "nothing", "all"),
    Fact(("not", "here", "but"), "there", "now"),
    Fact(("one", "and", "one", "make"), "two", "three"),
    Fact(("one", "and", "two", "make"), "three", "two"),
    Fact(("two", "and", "three", "make"), "five", "three"),
    Fact(("five", "and", "five", "make"), "ten", "five"),
    Fact(("a", "mother", "and", "a"), "father", "daughter"),
    Fact(("a", "husband", "and", "a"), "wife", "friend"),
    Fact(("a", "man", "and", "a"), "woman", "boy"),
    Fact(("from", "beginning", "to"), "end", "start"),
)


def words_of_lists() -> set[str]:
    """All words of this file's lists."""
    templates = {word for template in TEMPLATES for form in both_forms(template) for word in form}
    facts = {word for fact in FACTS for word in (*fact.question, fact.right, fact.wrong)}
    return {*FLAGGED, UNKNOWN_ANSWER} | templates | facts
