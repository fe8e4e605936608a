"""The lists of words are what they say."""

from __future__ import annotations

from envs.language.data.flags import FACTS, FLAGGED, GENDERED, TEMPLATES, both_forms, words_of_lists
from envs.language.data.words import split


def test_both_forms_differ_in_the_slot_alone() -> None:
    assert both_forms(("this", "is", "{his}")) == (("this", "is", "his"), ("this", "is", "her"))
    for template in TEMPLATES:
        man, woman = both_forms(template)
        differing = [i for i, (a, b) in enumerate(zip(man, woman, strict=True)) if a != b]
        assert len(template) == 3
        assert [template[i][1:-1] in GENDERED for i in differing] == [True]


def test_no_word_is_there_twice_and_each_is_one_token() -> None:
    assert len(set(FLAGGED)) == len(FLAGGED)
    assert len({fact.question for fact in FACTS}) == len(FACTS)
    assert all(fact.right != fact.wrong and fact.right not in fact.question[1:2] for fact in FACTS)
    assert all(split(word) == [word] for word in words_of_lists())
