"""Forged, broken and borrowed tokens: none is let in."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from shared.kit.clock import SystemClock
from tests.component.auth.conftest import new_key
from tests.component.gateway.conftest import Api, Json, error_of
from tests.conftest import OTHER_OWNER

PATH = "/api/v1/devices"


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class Forger:
    """Has seen one good token and has a key, but not auth's."""

    def __init__(self, good: str) -> None:
        self.good = good
        self.head, self.body, self.signature = good.split(".")
        self.header: Json = jwt.get_unverified_header(good)
        self.claims: Json = jwt.decode(good, options={"verify_signature": False})
        self.key = new_key()

    def tampered(self, **claims: object) -> str:
        return f"{self.head}.{_part({**self.claims, **claims})}.{self.signature}"

    def signed(self, header: Json | None = None, **claims: object) -> str:
        kept = {k: v for k, v in {**self.claims, **claims}.items() if v is not None}
        key = load_pem_private_key(self.key, None)
        headers = {"kid": self.header["kid"], **(header or {})}
        return jwt.encode(kept, key, "EdDSA", headers=headers)  # type: ignore[arg-type]

    def unsigned(self, algorithm: str) -> str:
        return f"{_part({**self.header, 'alg': algorithm})}.{self.body}."

    def symmetric(self) -> str:
        # The public key as an HMAC secret: the classic confusion of algorithms.
        public = load_pem_private_key(self.key, None).public_key()
        secret = public.public_bytes_raw()  # type: ignore[union-attr]
        return jwt.encode(self.claims, secret, "HS256", headers={"kid": self.header["kid"]})


NOW = int(SystemClock().now().timestamp())
FORGERIES: dict[str, Callable[[Forger], str]] = {
    "role raised": lambda f: f.tampered(role="admin", name="x"),
    "owner changed": lambda f: f.tampered(owner=OTHER_OWNER),
    "user changed": lambda f: f.tampered(sub="1"),
    "life prolonged": lambda f: f.tampered(exp=NOW + 10**6),
    "session changed": lambda f: f.tampered(sid="another"),
    "kind changed": lambda f: f.tampered(kind="refresh"),
    "another key": lambda f: f.signed(),
    "another key, unknown kid": lambda f: f.signed({"kid": "0" * 32}),
    "another key, no kid": lambda f: f.signed({"kid": ""}),
    "kid of another entry": lambda f: f.signed({"kid": "../key"}),
    "kid with wildcard": lambda f: f.signed({"kid": "*"}),
    "kid with subject": lambda f: f.signed({"kid": "a.b.>"}),
    "kid too long": lambda f: f.signed({"kid": "a" * 500}),
    "own key in the header": lambda f: f.signed({"jwk": {"kty": "OKP", "crv": "Ed25519"}}),
    "key address in the header": lambda f: f.signed({"jku": "http://127.0.0.1/keys"}),
    "critical header": lambda f: f.signed({"crit": ["exp"]}),
    "expired": lambda f: f.signed(exp=NOW - 60),
    "from the future": lambda f: f.signed(iat=NOW + 600),
    "another issuer": lambda f: f.signed(iss="somebody"),
    "no expiry": lambda f: f.signed(exp=None),
    "no session": lambda f: f.signed(sid=None),
    "alg none": lambda f: f.unsigned("none"),
    "alg None": lambda f: f.unsigned("None"),
    "alg empty": lambda f: f.unsigned(""),
    "alg HS256 without signature": lambda f: f.unsigned("HS256"),
    "HMAC with a public key": lambda f: f.symmetric(),
    "signature cut": lambda f: f.good[:-8],
    "signature empty": lambda f: f"{f.head}.{f.body}.",
    "signature of another": lambda f: f"{f.head}.{f.body}.{f.signature[::-1]}",
    "body missing": lambda f: f"{f.head}..{f.signature}",
    "two parts": lambda f: f"{f.head}.{f.body}",
    "four parts": lambda f: f"{f.good}.{f.signature}",
    "one word": lambda _: "token",
    "dots": lambda _: "...",
    "not base64": lambda _: "%%%.%%%.%%%",
    "header no JSON": lambda f: f"{'A' * 8}.{f.body}.{f.signature}",
    "header a list": lambda f: f"{_part([1])}.{f.body}.{f.signature}",
    "body a list": lambda f: f"{f.head}.{_part([1])}.{f.signature}",
    "kid a number": lambda f: f"{_part({**f.header, 'kid': 7})}.{f.body}.{f.signature}",
    "very long": lambda _: "a" * 6000,
    "Bearer twice": lambda f: f"Bearer {f.good[:-4]}",
    "two tokens": lambda f: f"{f.good} {f.good}",
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_no_forgery_is_let_in(alone: Api, forgery: str) -> None:
    token = FORGERIES[forgery](Forger(alone.user["Authorization"].removeprefix("Bearer ")))
    answer = await alone.http.get(PATH, headers={"Authorization": f"Bearer {token}"})
    error_of(answer, 401, "UNAUTHORIZED")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic YTpi", "Token x"])
async def test_without_a_bearer_token_nobody_is_let_in(alone: Api, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    error_of(await alone.http.get(PATH, headers=headers), 401, "UNAUTHORIZED")


async def test_a_refresh_token_is_no_access_token(alone: Api) -> None:
    body = {"email": "plain@example.test", "password": "a plain long word"}
    data = (await alone.http.post("/api/v1/login", json=body)).json()["data"]
    headers = {"Authorization": f"Bearer {data['refresh_token']}"}
    error_of(await alone.http.get(PATH, headers=headers), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_good_token_is_let_in(alone: Api, scheme: str) -> None:
    """The control: the same request with the token itself gets as far as the missing service."""
    token = alone.user["Authorization"].removeprefix("Bearer ")
    answer = await alone.http.get(PATH, headers={"Authorization": f"{scheme} {token}"})
    error_of(answer, 503, "SERVICE_UNAVAILABLE")
