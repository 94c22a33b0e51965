from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.bad_answers import Bad, each_bad_answer, meets
from tests.notices.conftest import KEY, Connect, a_letter

from slipway.channel import Twice
from slipway.environment import Environment
from slipway.notices import InApp, Webhook
from slipway.notices.faults import PasswordNotGiven
from slipway.notices.webhook import signature
from slipway.sandbox.vendors.receiver import ReceiverState, receiver
from slipway.sandbox.vendors.stand_in import StandIn, serving
from slipway.vendor_faults import AccessRefused, NotThere, VendorBroken

HOOK = Webhook(connection="hook", path="/releases")
SHOP = Environment(system="shop", name="production", service="shop_service")
USERS = InApp().at(SHOP)


@pytest.fixture
def state() -> ReceiverState:
    return ReceiverState()


@pytest.fixture
def hook(connect: Connect, state: ReceiverState) -> Iterator[StandIn]:
    stand_in = receiver(secret="s3cr3t", state=state)
    with serving(stand_in) as address:
        connect("hook", address, password="s3cr3t")
        yield stand_in


@pytest.fixture
def service(connect: Connect, state: ReceiverState) -> Iterator[StandIn]:
    stand_in = receiver(token="Bearer t0p", state=state)
    with serving(stand_in) as address:
        connect("shop_service", address, password="t0p")
        yield stand_in


def test_a_webhook_gets_everything_signed_and_no_bearer_token(hook: StandIn, state: ReceiverState) -> None:
    assert HOOK.send(a_letter(), KEY) == {"status": 201, "key": KEY}
    taken = state.taken[KEY]
    assert taken["path"] == "/releases"
    assert taken["notice"] == "taken_back"
    assert taken["severity"] == "HIGH"
    assert taken["facts"]["version"] == "2.0"
    [call] = hook.calls
    assert "Authorization" not in call.headers


def test_the_signature_is_the_hmac_of_the_body() -> None:
    assert signature("Jefe", b"what do ya want for nothing?") == (  # RFC 4231, test case 2
        "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_a_receiver_with_another_secret_refuses(hook: StandIn, connect: Connect) -> None:
    hook.trouble(status=401)
    with pytest.raises(AccessRefused, match=r'Webhook: POST /releases: HTTP 401.*"hook"'):
        HOOK.send(a_letter(), KEY)


def test_a_webhook_whose_answer_was_lost_is_sent_again_only_where_the_receiver_knows_the_key(
    hook: StandIn, state: ReceiverState
) -> None:
    hook.trouble(status=500, after=True)
    with pytest.raises(VendorBroken):
        HOOK.send(a_letter(), KEY)
    assert (HOOK.twice, len(hook.calls)) == (Twice.NOTICED, 1)
    knowing = replace(HOOK, deduplicates=True)
    hook.trouble(status=500, after=True)
    knowing.send(a_letter(), "slipway-another")
    assert (knowing.twice, len(hook.calls)) == (Twice.HARMLESS, 3)
    assert list(state.taken) == [KEY, "slipway-another"]


def test_a_webhook_is_never_sent_unsigned(connect: Connect) -> None:
    connect("hook", "http://127.0.0.1:9")
    with pytest.raises(PasswordNotGiven, match="the secret that signs the body"):
        HOOK.send(a_letter(), KEY)


def test_users_are_told_inside_the_application(service: StandIn, state: ReceiverState) -> None:
    assert USERS.send(a_letter(), KEY) == {"status": 201, "key": KEY}
    assert state.taken[KEY] == {
        "path": "/api/notices",
        "title": "Shop 2.0 was rolled back",
        "text": "We took it back.\nWhy: errors 7 %",
        "audience": "Support team",
    }


def test_a_service_gets_the_same_key_again_after_a_lost_answer(
    service: StandIn, state: ReceiverState
) -> None:
    service.trouble(half=True)
    USERS.send(a_letter(), KEY)
    assert [call.headers["Idempotency-Key"] for call in service.calls] == [KEY, KEY]
    assert len(state.taken) == 1


def test_a_version_without_notices_is_named(service: StandIn) -> None:
    service.trouble(status=404)
    with pytest.raises(NotThere, match="Deploy the version that has notices"):
        USERS.send(a_letter(), KEY)


@each_bad_answer()
@pytest.mark.usefixtures("impatient")
def test_a_bad_answer_of_a_receiver_is_said_and_what_it_took_twice_has_one_key(
    hook: StandIn, state: ReceiverState, bad: Bad
) -> None:
    meets(hook, bad, "POST", "Webhook: POST /releases: ", lambda: HOOK.send(a_letter(), KEY))
    HOOK.send(a_letter(), KEY)
    assert list(state.taken) == [KEY]


@each_bad_answer()
@pytest.mark.usefixtures("impatient")
def test_a_bad_answer_of_the_service_is_said_and_its_users_are_told_once(
    service: StandIn, state: ReceiverState, bad: Bad
) -> None:
    meets(service, bad, "POST", "The service: POST ", lambda: USERS.send(a_letter(), KEY))
    USERS.send(a_letter(), KEY)
    assert list(state.taken) == [KEY]
