"""How texts become plain sentences."""

from __future__ import annotations

from envs.language.data.sentences import clean, sentences


def test_signs_are_few_and_stand_where_english_has_them() -> None:
    assert clean('He said: "It\'s GREAT" , really !!') == "he said: it's great, really!"
    assert (
        clean("a film (if one -- or \u2013 the caf\u00e9 - says so). ok") == "a film, if one, or, the cafe, says so. ok"
    )
    assert clean("the 'star' of viewers' dreams.....ok") == "the star of viewers dreams... ok"
    assert clean("one,two \x96 three\x85four<b>\t5") == "one,two , three... four b 5".replace(",two ,", ", two,")
    assert clean("a well-made 10/10 film") == "a well-made 10/10 film"


def test_sentences_end_at_signs_and_breaks() -> None:
    text = (
        "This is one good film. And here is another one!<br />No sign ends this line<br/>A fifth line? Yes it is one."
    )
    assert sentences(text) == [
        "this is one good film.",
        "and here is another one!",
        "no sign ends this line",
    ]


def test_neither_titles_nor_initials_nor_dots_end_a_sentence() -> None:
    text = "Mr. Smith and J. Doe met dr. Who in the u.s. army, but... they had no fun at all."
    assert sentences(text) == [clean(text)]


def test_sentences_have_5_to_30_words() -> None:
    for n, kept in ((4, 0), (5, 1), (30, 1), (31, 0)):
        assert len(sentences(" ".join(["word"] * n) + ".")) == kept
    assert sentences("- , one two three four five -") == ["one two three four five"]
