"""The CDN's stand-in keeps what it fetched until it is purged."""

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from flask import Flask

from slipway.sandbox.vendors.cdn import cdn
from slipway.sandbox.vendors.stand_in import StandIn, serving

FILES = {"index.html": "v1", "app.js": "v1"}


@pytest.fixture
def purges() -> list[list[str]]:
    return []


@pytest.fixture
def network(purges: list[list[str]]) -> Iterator[str]:
    """Give the address of a CDN before an origin with FILES."""
    FILES.update({"index.html": "v1", "app.js": "v1"})
    origin = Flask("origin")
    origin.add_url_rule("/<name>", view_func=lambda name: FILES.get(name, ("gone", 404)), endpoint="file")
    with (
        serving(StandIn(app=origin, error=lambda status, said: (said, status))) as address,
        serving(cdn(address, lambda: purges)) as edge,
    ):
        yield edge


def fetched(address: str) -> tuple[str, str]:
    with urllib.request.urlopen(address, timeout=5) as answer:
        return answer.read().decode(), answer.headers["X-Cache"]


def test_a_file_is_served_as_it_was_until_it_is_purged(network: str, purges: list[list[str]]) -> None:
    assert fetched(f"{network}/") == ("v1", "MISS")
    FILES["index.html"] = "v2"
    assert fetched(f"{network}/index.html") == ("v1", "HIT")
    purges.append(["/*"])
    assert fetched(f"{network}/index.html") == ("v2", "MISS")


def test_a_purge_empties_the_paths_that_it_names(network: str, purges: list[list[str]]) -> None:
    fetched(f"{network}/index.html")
    fetched(f"{network}/app.js")
    purges.append(["/app.*"])
    assert fetched(f"{network}/index.html")[1] == "HIT"
    assert fetched(f"{network}/app.js")[1] == "MISS"


def test_what_the_origin_does_not_have_is_not_kept(network: str) -> None:
    for _ in range(2):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetched(f"{network}/new.js")
    FILES["new.js"] = "here"
    assert fetched(f"{network}/new.js") == ("here", "MISS")
