"""From a file or a mapping to a market's settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from orchestrator.config.document import Document, KeyPath, read_document
from orchestrator.config.entries import check_names, with_paths
from orchestrator.config.model_names import ModelNames
from orchestrator.config.problems import Problems
from orchestrator.config.sections import VERSION, BidderSection, ConfigSection, PluginSection, RulesSection
from orchestrator.config.settings import BidderSpec, Config, RequestDefaults
from orchestrator.config.stores import MEMORY, sqlite_url, url_of
from orchestrator.core.rules import MILLION, Rules
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.errors import InvalidConfig, InvalidMoney, StoreUnavailable
from orchestrator.money import Money
from orchestrator.plugins.recipe import PluginSpec

_BUNDLED: Final = "lisbon.yaml"


def load_config(source: str | Path | Mapping[str, Any] | None = None, *, home: str | Path | None = None) -> Config:
    """Read a market's settings.

    Args:
        source: a YAML file, or its contents as a mapping. Where there is no file `configs/NAME.yaml`, this names
            one that Vickrey brings along. None looks in this order:
            `$VICKREY_CONFIG`, `vickrey.yaml` here, `vickrey.yaml` in the home, the bundled demo.
        home: folder of the default store; None for `$VICKREY_HOME`, or else `~/.vickrey`.

    Returns:
        The settings, with every default filled in.

    Raises:
        InvalidConfig: they cannot be used; every problem in a line of its own, with its place.
    """
    home_folder = _home(home)
    if not isinstance(source, str | PathLike | Mapping | None):
        raise InvalidConfig(
            f"a config is a file or a mapping, not {type(source).__name__}; bidders are given as `bidders=[...]`"
        )
    if isinstance(source, Mapping):
        document = Document("the given config", Path.cwd(), source)
        return _resolve(document, home_folder, is_fallback=False)
    path, is_fallback = (named_file(source), False) if source is not None else _look_up(home_folder)
    return _resolve(read_document(path), home_folder, is_fallback)


def bundled_folder() -> Path:
    """Folder of the configs that Vickrey brings along: inside an installed wheel, beside a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_configs"
    return installed if installed.is_dir() else package.parent / "configs"


def named_file(source: str | Path) -> Path:
    """A file that was named; an installed Vickrey has those under `configs/` of its repository, too."""
    path = Path(source).expanduser()
    if path.parts[:1] != ("configs",) or ".." in path.parts or path.exists():
        return path
    bundled = bundled_folder().joinpath(*path.parts[1:])
    return bundled if bundled.is_file() else path


def _home(home: str | Path | None) -> Path:
    return Path(home or os.environ.get("VICKREY_HOME") or "~/.vickrey").expanduser().absolute()


def _look_up(home: Path) -> tuple[Path, bool]:
    named = os.environ.get("VICKREY_CONFIG")
    if named:
        return Path(named).expanduser(), False
    for path in (Path("vickrey.yaml"), home / "vickrey.yaml"):
        if path.exists():
            return path, False
    return bundled_folder() / _BUNDLED, True


def _resolve(document: Document, home: Path, is_fallback: bool) -> Config:
    problems = Problems(document)
    if not isinstance(document.data, Mapping):
        raise InvalidConfig(f"{document.place(())}: a config is a mapping of keys to values, for example `version: 1`")
    _check_version(document, problems)
    check_names(document, problems)
    try:
        root = ConfigSection.model_validate(with_paths(document, problems))
    except ValidationError as error:
        problems.add_validation(error, ConfigSection)
        problems.raise_any()
        raise
    resolver = _Resolver(document, problems, root)
    config = Config(
        source=document.source,
        is_fallback=is_fallback,
        folder=document.folder,
        version=root.version,
        bounty_typical_nanos=root.bounty_typical.nanos,
        store_url=resolver.store_url(home),
        rules=_rules(root.rules),
        request=resolver.request(),
        wealth=resolver.wealth(),
        judge=resolver.plugin(root.judge, ("judge",)),
        bidders=tuple(resolver.bidder(section, index) for index, section in enumerate(root.bidders)),
    )
    problems.raise_any()
    return config


def _check_version(document: Document, problems: Problems) -> None:
    """A file of a later version is refused for that alone: its other keys may mean other things."""
    version = document.data.get("version", VERSION)
    if type(version) is int and version != VERSION:
        problems.add(
            ("version",), f"this is Vickrey's format {VERSION}, not {version}; upgrade vickrey, or mend the file"
        )
        problems.raise_any()


def _rules(section: RulesSection) -> Rules:
    return Rules(
        rule=section.rule,
        reserve_nanos=section.reserve.nanos,
        copies=section.copies,
        stages_max=section.stages_max,
        offers_max=section.offers_max,
        forfeit_percent=section.forfeit,
        self_sale=section.self_sale,
        last_stage=section.last_stage,
        state_bytes_max=section.state_bytes_max,
        bid_deadline_seconds=section.deadlines.bid_seconds,
        transform_deadline_seconds=section.deadlines.transform_seconds,
        discount_millionths=int(section.discount * MILLION),
        invited_max=section.invited_max,
    )


class _Resolver:
    """Resolves what needs more than one value: sizes, paths, places, names."""

    def __init__(self, document: Document, problems: Problems, root: ConfigSection) -> None:
        self._document = document
        self._problems = problems
        self._root = root
        models = {name: {"type": each.type, "options": each.options} for name, each in root.models.items()}
        self._models = ModelNames(models, problems)

    def request(self) -> RequestDefaults:
        """What holds for requests that do not say otherwise; none of it is more than they may ask for."""
        section = self._root.request
        for name, amount in (("spend_cap", section.spend_cap), ("deposit", section.deposit)):
            if amount is not None and amount > section.bounty_max:
                self._problems.add(("request", name), f"must be at most bounty_max ({section.bounty_max})")
        return RequestDefaults(
            spend_cap_nanos=None if section.spend_cap is None else section.spend_cap.nanos,
            deposit_nanos=section.deposit.nanos,
            bounty_max_nanos=section.bounty_max.nanos,
            expires_days=section.expires_days,
            text_bytes_max=section.text_bytes_max,
            judge_seconds=section.judge_seconds,
        )

    def wealth(self) -> WealthRules:
        """Sizes of wealth, in money."""
        section = self._root.wealth
        if section.refill_to < section.refill_below:
            self._problems.add(
                ("wealth", "refill_to"), f"must be at least refill_below ({section.refill_below.normalize():f})"
            )
        return WealthRules(
            endowment_nanos=self._bounties(section.endowment, ("wealth", "endowment")),
            refill_below_nanos=self._bounties(section.refill_below, ("wealth", "refill_below")),
            refill_to_nanos=self._bounties(section.refill_to, ("wealth", "refill_to")),
            refills_max=section.refills_max,
            rent_nanos=section.rent.nanos,
            faults_to_suspend=section.faults_to_suspend,
            treasury_stock_nanos=self._bounties(section.treasury_stock, ("wealth", "treasury_stock")),
            audition_trials=section.audition.trials,
            audition_budget_nanos=self._audition_budget(),
        )

    def _audition_budget(self) -> int:
        audition = self._root.wealth.audition
        budget = self._bounties(audition.budget, ("wealth", "audition", "budget"))
        return budget if audition.trials else 0

    def plugin(self, section: PluginSection, path: KeyPath) -> PluginSpec:
        """A judge or a policy."""
        options = self._models.resolved(section.options, (*path, "options"))
        return PluginSpec(section.type, options, self._document.place(path))

    def bidder(self, section: BidderSection, index: int) -> BidderSpec:
        """One bidder."""
        path: KeyPath = ("bidders", index)
        size, size_path = section.endowment, (*path, "endowment")
        if size is None:
            size, size_path = self._root.wealth.endowment, ("wealth", "endowment")
        return BidderSpec(
            name=section.name,
            type=section.type,
            endowment_nanos=self._bounties(size, size_path),
            options=self._models.resolved(section.options, (*path, "options")),
            principal=section.principal,
            clones=section.clones,
            policy=None if section.policy is None else self.plugin(section.policy, (*path, "policy")),
            isolation=section.isolation,
            bid_deadline_seconds=section.bid_deadline_seconds,
            transform_deadline_seconds=section.transform_deadline_seconds,
            where=self._document.place(path),
        )

    def store_url(self, home: Path) -> str:
        """The store as an SQLAlchemy URL, or `memory`."""
        named = self._root.store
        if named is None:
            return sqlite_url(home / "market.db")
        try:
            return url_of(named, self._document.folder)
        except StoreUnavailable as refusal:
            self._problems.add(("store",), str(refusal))
            return MEMORY

    def _bounties(self, size: Decimal, path: KeyPath) -> int:
        try:
            return Money.usd(size * self._root.bounty_typical.nanos / 10**9).nanos
        except InvalidMoney as refusal:
            self._problems.add(path, f"{size.normalize():f} times bounty_typical is no amount of money: {refusal}")
            return 0
