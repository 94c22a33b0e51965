import pytest

from slipway.masking import is_secret, masked, masked_fields


@pytest.mark.parametrize(
    "name", ["password", "db_password", "apiKey", "API_KEY", "Authorization", "accessToken", "pwd"]
)
def test_a_field_is_a_secret_by_its_name(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["author", "tokenizer", "key", "passed", "version", "secretary"])
def test_a_harmless_name_is_no_secret(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://slipway:geheim@127.0.0.1:5432/x", "postgresql://slipway:***@127.0.0.1:5432/x"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("sent bearer abc123def456", "sent bearer ***"),
        ("PGPASSWORD=geheim pg_dump", "PGPASSWORD=*** pg_dump"),
        ("password: 'two words', port: 1", "password: ***, port: 1"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", "***"),
        ("key AKIAABCDEFGHIJKLMNOP used", "key *** used"),
        ("STRIPE_SECRET_KEY=sk_live_1 next", "STRIPE_SECRET_KEY=*** next"),
        ("environ({'DB_PASSWORD': 'hunter2'})", "environ({'DB_PASSWORD': ***})"),
        ("--passphrase=open PRIVATE_KEY: x", "--passphrase=*** PRIVATE_KEY: ***"),
        ("Set-Cookie: session=abc", "Set-Cookie: ***"),
        ("password: 12345", "password: ***"),
    ],
)
def test_a_secret_in_running_text_is_masked(text: str, expected: str) -> None:
    assert masked(text) == expected
    assert masked(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "basic functionality works",
        "the bearer of this note",
        "api_tokens: 5 rows, secret: none",
        "http://127.0.0.1:8001/health",
        "see https://host/a:b@c",
        "3 tokens were counted",
    ],
)
def test_harmless_text_stays(text: str) -> None:
    assert masked(text) == text


def test_fields_are_masked_at_any_depth_and_figures_stay() -> None:
    value = {"a": [{"token": "x", "max_token": 5}], "password": {"old": "x"}, "url": "http://u:p@h/"}
    assert masked_fields(value) == {
        "a": [{"token": "***", "max_token": 5}],
        "password": "***",
        "url": "http://u:***@h/",
    }
