"""Passwords in URLs are withheld wherever they stand, options by their names, and nothing else is."""

from __future__ import annotations

import pytest

from orchestrator.passwords import MASK, is_secret, without_passwords


@pytest.mark.parametrize(
    ("told", "withheld"),
    [
        ("postgresql://me:s3cret@host/market", f"postgresql://me:{MASK}@host/market"),
        ("postgresql://:s3cret@host/market", f"postgresql://:{MASK}@host/market"),
        ("postgresql://me:s3@c/r:t@host/market?mail=a@b", f"postgresql://me:{MASK}@host/market?mail=a@b"),
        ("//me:s3cret@host:port/market", f"//me:{MASK}@host:port/market"),
        ("x://host/y?password=s3cret&timeout=2", f"x://host/y?password={MASK}&timeout=2"),
        ("x://me:s3cret@host/y?a=1&sslpassword=s3cret", f"x://me:{MASK}@host/y?a=1&sslpassword={MASK}"),
        ("from a://b:c@d to e://f:g@h", f"from a://b:{MASK}@d to e://f:{MASK}@h"),
    ],
)
def test_a_password_is_withheld(told: str, withheld: str) -> None:
    assert without_passwords(told) == withheld


@pytest.mark.parametrize(
    "told",
    ["", "postgresql://me@host/market", "sqlite:////home/me/market.db", "at 10:30 write to me@host", "https://h:80/a"],
)
def test_what_holds_no_password_is_left_as_it_is(told: str) -> None:
    assert without_passwords(told) == told


@pytest.mark.parametrize(
    "name",
    ["key", "signing_key", "API_KEY", "apiKey", "token", "mytoken", "stop_token", "secret", "clientSecret", "Password"],
)
def test_an_option_is_known_for_a_secret_by_how_its_name_ends(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["", "keyboard", "monkey", "max_tokens", "api_key_env", "password_path", "secrets"])
def test_an_option_that_is_named_otherwise_is_none(name: str) -> None:
    assert not is_secret(name)
