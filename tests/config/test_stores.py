"""How a store is named: alike in a config, on the command line and in Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator import Market
from orchestrator.config import url_of
from orchestrator.errors import StoreUnavailable


def test_a_store_may_be_named_by_its_path_in_python_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    requests = []
    for named in ("here/market.db", str(tmp_path / "here" / "market.db"), f"sqlite:///{tmp_path}/here/market.db"):
        with Market({"version": 1}, store=named) as market:
            requests.append(market.run("Plan a day out", budget=1).request_id)
    assert requests == ["r1", "r2", "r3"]
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.mark.parametrize("named", ["a?b.db", "sqlite:market.db", "postgresql:/host/market", ""])
def test_what_is_neither_a_path_nor_a_url_is_refused(named: str) -> None:
    with pytest.raises(StoreUnavailable, match=f"write a whole SQLAlchemy URL in place of {re.escape(repr(named))}"):
        url_of(named)


def test_a_drive_is_no_scheme() -> None:
    assert url_of("C:market.db").endswith("/C:market.db")
