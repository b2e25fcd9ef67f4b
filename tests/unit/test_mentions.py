"""Whom a comment mentions, and how it is shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from webapp.inbox.telling import mentioned
from webapp.pages.formats import with_mentions


def test_names_behind_an_at_sign_are_mentioned_once_and_addresses_of_mail_are_not() -> None:
    text = "@anna, ask jan@firma.pl or @Piotr.Wilk. Thanks @Anna! (@ola) https://x.example/@ewa"

    assert mentioned(text) == ["anna", "piotr.wilk", "ola"]


def test_mentioned_people_are_called_by_their_names() -> None:
    shown = with_mentions("See @Anna and @nobody", {"anna": "Anna <Nowak>"})

    assert shown == 'See <strong class="mention">@Anna &lt;Nowak&gt;</strong> and @nobody'


@given(st.text(alphabet="ab@<>&\"'. /\\\n"))
def test_nothing_that_somebody_writes_becomes_markup(text: str) -> None:
    assert with_mentions(text, {}) == escape(text)
    marked = with_mentions(text, {"a": "A", "ab": "<b>"})
    assert "<" not in marked.replace('<strong class="mention">', "").replace("</strong>", "")
