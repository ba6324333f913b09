"""Where the market is: from a command's options to a store, or to a market with its bidders."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cli.output import Output
from orchestrator.errors import InvalidRequest, VickreyError

if TYPE_CHECKING:
    from orchestrator.api import Market
    from orchestrator.config import Config, PluginSpec
    from orchestrator.store import Store

_NAMED_MAX = 3
_SQLITE = "sqlite:///"
# A command of this program in a message, but for those that name a market already or need none.
_HINT = re.compile(r"`vickrey (?!(?:init|verify|replay)\b)((?:(?! --(?:config|home|store) )[^`])+)`")


@dataclass(frozen=True, slots=True)
class Place:
    """A market as a command names it.

    Attributes:
        config: its config file, or None for the usual places.
        home: folder of its store, or None for the usual place.
        store: its store's URL or path, or None for the config's.
    """

    config: str | None = None
    home: str | None = None
    store: str | None = None

    def command(self, words: str) -> str:
        """A command line that does something in the same market, for hints; a password is withheld."""
        options = (("--config", self.config), ("--home", self.home), ("--store", self._shown_store))
        given = "".join(f" {name} {shlex.quote(value)}" for name, value in options if value is not None)
        return f"`vickrey {words}{given}`"

    def pointed(self, text: str) -> str:
        """A text whose hints at commands lead to the same market; whoever wrote it knew nothing of places.

        Hints that name a market already stay as they are, and so do those at verbs that need none.
        """
        return _HINT.sub(lambda hint: self.command(hint[1]), text)

    def settings(self, judge: str | None = None) -> Config:
        """The market's config.

        Args:
            judge: name of a judge to use in place of its own.
        """
        from orchestrator.config import load_config

        config = load_config(self.config, home=self.home)
        return config if judge is None else replace(config, judge=_judge(config, judge))

    @contextmanager
    def books(self, output: Output, *, tell: bool = True, is_past_needed: bool = True) -> Iterator[Store]:
        """Open the store alone, only to look: enough to read what happened, and no bidder is built.

        Args:
            output: where to tell of interrupted requests.
            tell: whether to.
            is_past_needed: whether there is nothing to tell without a past, so that a store that was named and is
                not there is a mistake.

        Raises:
            InvalidRequest: it is.
        """
        if is_past_needed:
            self.check_store()
        with self._errors_pointed(), self.untouched(self.settings()) as store:
            if tell:
                self._tell_interrupted(store, output)
            yield store

    def is_lasting(self, config: Config) -> bool:
        """Whether the store is still there when the command has ended."""
        return (self.store or config.store_url) != "memory"

    def check_store(self) -> None:
        """Refuse a store that was named and is not there: whoever only looks finds nothing in it.

        Raises:
            InvalidRequest: it is not there.
        """
        found = "" if self.store is None else self._found_in_its_place(self.settings())
        if found:
            raise InvalidRequest(f"--store {self._shown_store}: {found}; a run with this option makes a store there")

    @contextmanager
    def market(
        self, output: Output, request_id: str | None = None, judge: str | None = None, *, tell: bool = True
    ) -> Iterator[Market]:
        """Open the market.

        Args:
            output: where to tell of other interrupted requests and of broken bidders.
            request_id: the request that the command is about: its own judge is used, and unless
                a config was named, its own config too.
            judge: name of a judge to use in place of those.
            tell: whether to tell of other interrupted requests: not where the command does so later, or finishes them.
        """
        from orchestrator.api import Market

        config = self.settings()
        store = self._open(config)
        try:
            config = self._config_for(config, store, request_id, judge)
            if tell:
                self._tell_interrupted(store, output, request_id)
            market = Market(config, store=store)
        except BaseException:
            store.close()
            raise
        for each in market.broken:
            output.notice(f"bidder {each.name} is broken and takes no part: {each.reason}")
        with self._errors_pointed(), market:
            yield market

    @contextmanager
    def untouched(self, config: Config) -> Iterator[Store]:
        """Open the store only to look: where there is none yet, none is made."""
        from orchestrator.store import open_store

        store = open_store("memory" if self._found_in_its_place(config) else self._url(config))
        try:
            yield store
        finally:
            store.close()

    @contextmanager
    def _errors_pointed(self) -> Iterator[None]:
        """Let the hints in what is raised within the block lead to this market."""
        try:
            yield
        except VickreyError as error:
            error.args = (self.pointed(str(error)), *error.args[1:])
            raise

    @property
    def _shown_store(self) -> str | None:
        """The store as it was named, as it may be told: a password is withheld."""
        from orchestrator.passwords import without_passwords

        return None if self.store is None else without_passwords(self.store)

    def _found_in_its_place(self, config: Config) -> str:
        """What there is where no store was made yet; empty where one was, or none could be: opening it says why."""
        url = self._url(config)
        if url.startswith(_SQLITE):
            return _found_for_file(Path(url.removeprefix(_SQLITE)))
        if not self.is_lasting(config):
            return ""
        from orchestrator.store import is_bare

        return "the database has no tables yet" if is_bare(url) else ""

    def _url(self, config: Config) -> str:
        from orchestrator.config import url_of

        return config.store_url if self.store is None else url_of(self.store)

    def _open(self, config: Config) -> Store:
        from orchestrator.store import open_store

        return open_store(self._url(config))

    def _config_for(self, config: Config, store: Store, request_id: str | None, judge: str | None) -> Config:
        from orchestrator.engine.recorder import is_request_id

        row = store.read(lambda reader: reader.find_request(request_id)) if is_request_id(request_id) else None
        if row is not None:
            setting = json.loads(row.setting)
            path = _config_path(setting)
            if self.config is None and path is not None:
                config = Place(str(path), self.home).settings()
            config = replace(config, judge=_recorded_judge(setting) or config.judge)
        return config if judge is None else replace(config, judge=_judge(config, judge))

    def _tell_interrupted(self, store: Store, output: Output, besides: str | None = None) -> None:
        from orchestrator.api.reports import interrupted

        ids = [row.id for row in interrupted(store) if row.id != besides]
        if ids:
            more = f" and {len(ids) - _NAMED_MAX} more" if len(ids) > _NAMED_MAX else ""
            were = "was" if len(ids) == 1 else "were"
            hint = self.command("resume")
            finishes = "finishes it" if len(ids) == 1 else "finishes them"
            output.notice(f"{', '.join(ids[:_NAMED_MAX])}{more} {were} interrupted; {hint} {finishes}")


def _found_for_file(path: Path) -> str:
    if path.exists():
        return f"{path} is empty" if path.is_file() and not path.stat().st_size else ""
    return f"there is no file {path}" if next(each for each in path.parents if each.exists()).is_dir() else ""


def _config_path(setting: dict[str, Any]) -> Path | None:
    """The config file that a request was posted under, if it is still there."""
    path = Path(setting.get("folder", "")) / Path(setting.get("source", "")).name
    return path if path.is_file() else None


def _recorded_judge(setting: dict[str, Any]) -> PluginSpec | None:
    from orchestrator.config import PluginSpec

    judge = setting.get("judge")
    return PluginSpec(judge["type"], judge["options"], where="the request's own judge") if judge else None


def _judge(config: Config, name: str) -> PluginSpec:
    if name == config.judge.type:
        return config.judge
    from orchestrator.config import PluginSpec

    return PluginSpec(name, where="--judge")
