"""The diagram of one case: where its tokens stand, where they have been."""

from collections import Counter

from engine import queries
from engine.drawing.picture import draw
from storage.unit_of_work import Reading

STYLE = (
    "svg{background:#fff;font-family:system-ui,sans-serif}.body{fill:#fff;stroke:#4a5663;stroke-width:1.5}"
    ".thick{stroke-width:3.5}.ring{fill:none;stroke:#4a5663;stroke-width:1.2}.dashed{stroke-dasharray:5 4}"
    ".line{fill:none;stroke:#4a5663;stroke-width:1.5}.head{fill:#4a5663}.glyph{stroke:#4a5663;stroke-width:1.1}"
    ".glyph.open{fill:none}.glyph.filled{fill:#4a5663;fill-rule:evenodd}.area .body{fill:#fafbfc;stroke:#b8c1ca}"
    ".note path,.association .line{fill:none;stroke:#8a96a3;stroke-dasharray:2 3}"
    ".text{font-size:11.5px;fill:#1c2530;text-anchor:middle}.visited>.body{fill:#eef4fb;stroke:#2563b0}"
    ".active>.body{fill:#fff4d6;stroke:#9a6700;stroke-width:3}.failed>.body{fill:#fdecea;stroke:#b3261e;stroke-width:3}"
    ".badge circle{fill:#9a6700}.badge .text{fill:#fff;font-weight:600}"
)


def case_diagram(view: Reading, instance_id: str) -> str:
    """The SVG of an instance's process. Raises `InstanceNotFound`."""
    found = queries.instance(view, instance_id)
    marks = {visit.element_id: ["visited"] for visit in queries.history(view, instance_id) if visit.left_at is not None}
    tokens = Counter(token.element_id for token in found.tokens)
    failed = {token.element_id for token in found.tokens if token.state == "failed"}
    marks |= {element: ["failed" if element in failed else "active"] for element in tokens}
    content = queries.definition_xml(view, found.definition.id)
    title = f"{found.definition.name}: {found.state}"
    return draw(content, found.definition.key, marks, title=title, badges=tokens, style=STYLE)
