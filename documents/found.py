"""The list of documents as people ask for it: by filters alone from the tables, with words through the search index."""

import re

from documents.folders import Folder
from documents.listing import DocumentFilter, DocumentPage, documents, listed
from documents.search.language import SearchRefused
from documents.search.queries import NEWEST, search
from documents.states import STATES
from storage.unit_of_work import Reading

_PLAIN = re.compile(r"[\w./-]+")
_LAST_WORD = re.compile(r"(^|\s)\w{2,}$")


def found_documents(
    view: Reading, wanted: DocumentFilter, *, folder: Folder | None = None, after: str | None = None, limit: int = 50
) -> DocumentPage:
    """A page of documents that the actor may see, newest first; a folder's query narrows it further.

    Words ask the search index: title, number, tags, fields and text. Filters that the index does not know keep to the
    tables, where words are a part of the title.
    """
    query = " ".join(part for part in (folder.query if folder else "", _typed(wanted.q)) if part)
    if not query or wanted.target or wanted.checked_out:
        return documents(view, wanted, after=after, limit=limit)
    try:
        return _searched(view, wanted, query, after=after, limit=limit)
    except SearchRefused:
        if folder and folder.query:
            raise
        words = " ".join(re.findall(r"\w+", wanted.q))  # not a query of the language, or not one yet
        return _searched(view, wanted, words, after=after, limit=limit)


def _searched(view: Reading, wanted: DocumentFilter, words: str, *, after: str | None, limit: int) -> DocumentPage:
    asked = ["kind:document"]
    asked += [f"type:{_quoted(wanted.type)}"] if wanted.type else []
    asked += [f"state:{wanted.state}"] if wanted.state in STATES else []
    asked += [f"tag:{_quoted(wanted.tag)}"] if wanted.tag else []
    asked += [f"number:{_quoted(wanted.number)}*"] if _PLAIN.fullmatch(wanted.number) else []
    asked += ["by:me"] if wanted.mine else []
    text = " ".join([*asked, f"({words})"] if words else asked)
    page = search(view, text, after=after, limit=limit, order=NEWEST, facets=False)
    items = listed(view, [hit.id for hit in page.items])
    return DocumentPage(items=items, next=page.next, total=None if page.is_more else page.total)


def _typed(q: str) -> str:
    """What was typed; its last word may not be finished yet."""
    return f"{q}*" if _LAST_WORD.search(q) else q


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else '"' + value.replace('"', " ") + '"'
