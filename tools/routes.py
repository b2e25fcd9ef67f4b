"""Writes docs/reference/routes.md by asking every route as every role: `python tools/routes.py`."""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the tests are no package that is installed

from core.settings import Settings  # noqa: E402
from tests.rights_matrix import answers, page  # noqa: E402
from webapp import create_app  # noqa: E402
from webapp.bootstrap import opened  # noqa: E402


def main() -> None:
    """Start an installation that is thrown away afterwards, and ask it."""
    with (
        tempfile.TemporaryDirectory(prefix="obieg-routes-") as folder,
        opened(Settings(data=Path(folder)), migrated=True) as application,
    ):
        app = create_app(application)
        (ROOT / "docs" / "reference" / "routes.md").write_text(page(app, answers(application, app)))


if __name__ == "__main__":
    main()
