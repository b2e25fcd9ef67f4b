"""The built front end as browsers get it: which files a page names, how they are packed, how long they are kept."""

import gzip
import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from webapp.assets import Assets, FrontEndMissing, register

STYLE = b"body{color:#123}" * 100


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """What a build leaves: a style sheet, packed twice, and a script that was too small for it."""
    folder = tmp_path / "dist" / "assets"
    folder.mkdir(parents=True)
    (folder / "base-1.css").write_bytes(STYLE)
    (folder / "base-1.css.br").write_bytes(b"stands for brotli")
    (folder / "base-1.css.gz").write_bytes(gzip.compress(STYLE))
    (folder / "base-1.js").write_text("1;")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    return tmp_path


@pytest.fixture
def client(dist: Path) -> FlaskClient:
    app = Flask("test", static_folder=str(dist), static_url_path="/static")
    register(app)
    return app.test_client()


def test_a_page_names_the_styles_of_all_scripts_that_it_imports_once(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    dist.mkdir()
    shared = {"file": "assets/shared-1.js", "css": ["assets/shared-1.css"]}
    inbox = {"file": "assets/inbox-1.js", "imports": ["_shared", "_shared"], "css": ["assets/inbox-1.css"]}
    (dist / "manifest.json").write_text(json.dumps({"_shared": shared, "src/pages/inbox.js": inbox}))

    assets = Assets(tmp_path)

    assert assets.styles("inbox") == ["dist/assets/shared-1.css", "dist/assets/inbox-1.css"]
    assert assets.preloads("inbox") == ["dist/assets/shared-1.js"]


def test_a_front_end_that_was_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(FrontEndMissing, match="make frontend"):
        Assets(tmp_path).styles("inbox")


def test_hashed_files_may_be_kept_for_ever_and_others_not(client: FlaskClient) -> None:
    def kept(path: str) -> str:
        with client.get(f"/static/{path}") as response:
            return response.headers["Cache-Control"]

    assert "immutable" in kept("dist/assets/base-1.js")
    assert "immutable" in kept("dist/assets/base-1.css")
    assert "immutable" not in kept("favicon.svg")
    assert kept("dist/assets/base-0.js") == "no-store"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br;q=0.1, gzip", "gzip"),
        ("identity", None),
        ("", None),
        ("br;q=0, gzip;q=0", None),
    ],
)
def test_a_style_sheet_is_sent_as_the_browser_can_unpack_it(
    client: FlaskClient, accepted: str, encoding: str | None
) -> None:
    with client.get("/static/dist/assets/base-1.css", headers={"Accept-Encoding": accepted}) as response:
        sent = response.data

    unpack = {"br": lambda data: STYLE if data == b"stands for brotli" else data, "gzip": gzip.decompress}
    assert response.headers.get("Content-Encoding") == encoding
    assert response.mimetype == "text/css"
    assert "Accept-Encoding" in response.vary
    assert (unpack[encoding](sent) if encoding else sent) == STYLE


def test_each_packing_has_a_tag_of_its_own(client: FlaskClient) -> None:
    def tag(accepted: str) -> str | None:
        with client.get("/static/dist/assets/base-1.css", headers={"Accept-Encoding": accepted}) as response:
            return response.headers["ETag"]

    tags = {tag("br"), tag("gzip"), tag("identity")}

    assert len(tags) == 3


def test_a_browser_that_has_the_file_gets_no_content_again(client: FlaskClient) -> None:
    with client.get("/static/dist/assets/base-1.css", headers={"Accept-Encoding": "br"}) as first:
        tag = first.headers["ETag"]

    asked = {"Accept-Encoding": "br", "If-None-Match": tag}
    with client.get("/static/dist/assets/base-1.css", headers=asked) as again:
        assert (again.status_code, again.data) == (304, b"")
        assert "Accept-Encoding" in again.vary


def test_a_file_that_was_not_packed_is_sent_as_it_is(client: FlaskClient) -> None:
    with client.get("/static/dist/assets/base-1.js", headers={"Accept-Encoding": "br"}) as response:
        assert response.data == b"1;"
        assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize("name", ["../../secret.css", "a" * 5000, "a%00.css"])
def test_no_address_reaches_out_of_the_folder_or_breaks_it(client: FlaskClient, name: str) -> None:
    with client.get(f"/static/dist/{name}", headers={"Accept-Encoding": "br"}) as response:
        assert response.status_code == 404
