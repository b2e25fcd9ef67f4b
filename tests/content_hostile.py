"""PDFs that loop and nest."""

from __future__ import annotations

from tests import content_files as files


def looping_pdf() -> bytes:
    """Pages whose parent is among their children, and a form that draws itself."""
    form = files.stream(
        "/F Do", Type="/XObject", Subtype="/Form", BBox="[0 0 9 9]", Resources="<</XObject<</F 4 0 R>>>>"
    )
    return files.raw_pdf(
        "<</Type/Catalog/Pages 2 0 R/Outlines 6 0 R>>",
        "<</Type/Pages/Kids[3 0 R 2 0 R 2 0 R]/Count 99999999>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 5 0 R/Resources<</XObject<</F 4 0 R>>>>>>",
        form,
        files.stream("/F Do " * 1000),
        "<</First 6 0 R/Next 6 0 R/Last 6 0 R>>",
    )


def nested_pdf() -> bytes:
    """Arrays in arrays, and each form drawing the next one ten times: ten to the thirtieth operations."""
    forms = [
        files.stream(
            "/F Do " * 10,
            Type="/XObject",
            Subtype="/Form",
            BBox="[0 0 9 9]",
            Resources=f"<</XObject<</F {number + 1} 0 R>>>>",
        )
        for number in range(5, 35)
    ]
    return files.raw_pdf(
        "<</Type/Catalog/Pages 2 0 R/Deep " + "[" * 100_000 + "]" * 100_000 + ">>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>",
        files.stream("/F Do"),
        *forms,
        files.stream("0 0 m 9 9 l S"),
    )
