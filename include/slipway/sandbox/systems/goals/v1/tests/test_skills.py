import application
import flags
import skills
import web


def test_every_route_is_found_by_its_method_and_path():
    app = application.build()
    assert app.find("PUT", "/api/me/skills/17")[1:] == (skills.rate_skill, {"id": "17"})
    assert app.find("GET", "/api/health")[1] is web.health


def test_a_request_to_the_store_is_signed_with_the_access_key():
    store = {"Endpoint": "http://store.example", "Id": "key", "Secret": "c2VjcmV0"}
    signed = flags._signature(store, "/kv/a?api-version=1.0")
    assert signed["Authorization"].startswith("HMAC-SHA256 Credential=key&SignedHeaders=x-ms-date;host;")
