"""Puts what was found about a signature into one plain sentence."""

from collections.abc import Mapping
from typing import Any

GOOD, ATTENTION, BAD = "good", "attention", "bad"
ADDED = " Afterwards only further signatures, form fields or comments were added."


def verdict(facts: Mapping[str, Any]) -> tuple[str, str]:
    """How good a signature is (good, attention, bad), and the sentence that says why."""
    who = facts.get("signer") or "somebody"
    made = f"Time-stamped by {who}" if facts["kind"] == "timestamp" else f"Signed by {who}"
    if facts["integrity"] == "unreadable":
        return BAD, "This signature cannot be read, so it proves nothing."
    if facts["integrity"] == "changed":
        return BAD, f"{made}, but the content was changed afterwards: the signature is void."
    if facts["changes"] == "other":
        return BAD, (
            f"{made}, but more than signatures, forms and comments was added or changed later: what you see is not "
            "what was signed."
        )
    return _trusted(f"{made}, unchanged since.", who, facts)


def _trusted(unchanged: str, who: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    added = ADDED if facts["changes"] == "forms_and_comments" else ""
    match facts["trust"]:
        case "trusted":
            proof = ""
            if facts.get("has_ended"):
                proof = (
                    " Its certificate has ended, but a trusted time stamp proves that it was valid when it was used."
                )
            return GOOD, f"{unchanged}{added} An authority that we trust vouches for {who}.{proof}"
        case "expired":
            return ATTENTION, (
                f"{unchanged}{added} The certificate ended on {str(facts['valid_until'])[:10]}, and no trusted time "
                "stamp proves that the signature is older."
            )
        case "not_yet":
            return (
                ATTENTION,
                f"{unchanged}{added} The certificate is valid only from {str(facts['valid_from'])[:10]} on.",
            )
        case "revoked":
            return BAD, f"{unchanged}{added} The certificate of {who} was revoked."
    return ATTENTION, f"{unchanged}{added} No authority that we trust vouches that it was really {who}."


def overall(levels: list[str]) -> str:
    """The worst of all; none where there is no signature."""
    return next((level for level in (BAD, ATTENTION, GOOD) if level in levels), "none")
