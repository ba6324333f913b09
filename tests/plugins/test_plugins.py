"""Plugins are found, loaded and built each on its own; a broken one is listed and harms nobody."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import BrokenPlugin, InvalidConfig, InvalidMoney, StoreUnavailable
from orchestrator.plugins import (
    BIDDERS,
    JUDGES,
    POLICIES,
    Plugin,
    PluginStatus,
    build,
    list_plugins,
    load_plugin,
    takes,
)
from tests.plugins.conftest import GROUP, Installer

# How a module can break, and what the list says of it.
BROKEN = {
    "planted_raising": ('raise RuntimeError("no key\\nin the environment")', "RuntimeError: no key in the environment"),
    "planted_leaving": ("import sys; sys.exit(3)", "it called sys.exit(3)"),
    "planted_syntax": ("def bid(:", "SyntaxError: "),
    "planted_absent_import": ("import planted_nowhere", "ModuleNotFoundError: No module named 'planted_nowhere'"),
    "planted_circular": (
        "import planted_circle",
        "ImportError: cannot import name 'Bidder' from partially initialized",
    ),
    "planted_misspelt": ("Biddr = object", "AttributeError: module 'planted_misspelt' has no attribute 'Bidder'"),
    "planted_number": ("Bidder = 7", "is int; a plugin is a class or a function that makes one"),
    "planted_stop": ("raise GeneratorExit", "GeneratorExit"),
    "planted_mute": (
        "class Mute(Exception):\n    def __str__(self):\n        raise ValueError\nraise Mute",
        "Mute",
    ),
    "planted_long": ("raise ValueError('x' * 10_000)", "ValueError: xxx"),
}


def status_of(name: str, group: str = GROUP) -> PluginStatus:
    (found,) = [status for status in list_plugins(group) if status.name == name]
    return found


def test_our_own_plugins_are_found_through_entry_points_and_load() -> None:
    ours = {BIDDERS: "documents", JUDGES: "verifier", POLICIES: "fraction"}
    for group, name in ours.items():
        status = status_of(name, group)
        assert (status.distribution, status.ok) == ("vickrey", True), status
        assert load_plugin(group, name).value.__name__.lower().startswith(name[:8])


def test_a_strangers_plugin_is_found_once_it_is_installed(install: Installer) -> None:
    assert "proverbs" not in [status.name for status in list_plugins(GROUP)]
    install.package("sample_plugin")
    assert status_of("proverbs") == PluginStatus("proverbs", GROUP, "vickrey-proverbs", "1.2.0")
    plugin = load_plugin(GROUP, "proverbs")
    assert str(plugin) == "bidder 'proverbs' of vickrey-proverbs 1.2.0"
    assert build(plugin, {"proverb": "So it goes."}, "here", {"name": "sage"}).proverb == "So it goes."


def test_broken_packages_are_listed_with_their_reason_and_the_others_load(install: Installer) -> None:
    install.package("broken_plugin")
    install.package("sample_plugin")
    leaving, absent = status_of("leaving"), status_of("absent")
    assert (leaving.distribution, leaving.version) == ("vickrey-broken", "0.0.1")
    assert leaving.reason == "it called sys.exit('no licence found')"
    assert absent.reason == "ModuleNotFoundError: No module named 'vickrey_broken_absent'"
    assert status_of("proverbs").ok
    assert status_of("documents").ok


@pytest.mark.parametrize("module", BROKEN)
def test_a_module_that_breaks_is_one_clear_line(install: Installer, module: str) -> None:
    source, reason = BROKEN[module]
    modules = {module: source, "planted_circle": "from planted_circular import Bidder"}
    install.distribution("planted", "1.0", {GROUP: {"planted": f"{module}:Bidder"}}, modules)
    found = status_of("planted").reason
    assert found is not None
    assert reason in found
    assert "\n" not in found
    assert len(found) <= 300
    with pytest.raises(BrokenPlugin, match=r"^bidder 'planted' of planted 1\.0 is "):
        load_plugin(GROUP, "planted")


def test_ctrl_c_while_a_plugin_loads_is_the_users_own(install: Installer) -> None:
    install.distribution(
        "planted", "1.0", {GROUP: {"p": "planted_slow:Bidder"}}, {"planted_slow": "raise KeyboardInterrupt"}
    )
    with pytest.raises(KeyboardInterrupt):
        list_plugins(GROUP)


def test_loading_one_plugin_imports_no_other(install: Installer) -> None:
    install.package("broken_plugin")
    assert load_plugin(GROUP, "documents").name == "documents"


def test_two_distributions_with_one_name_are_both_named(install: Installer) -> None:
    for name in ("alpha", "beta"):
        install.distribution(
            f"planted-{name}", "1.0", {GROUP: {"twice": f"planted_{name}:B"}}, {f"planted_{name}": "B = dict"}
        )
    status = status_of("twice")
    assert status.distribution in ("planted-alpha and planted-beta", "planted-beta and planted-alpha")
    with pytest.raises(BrokenPlugin, match=r"'twice' is declared by planted-\w+ and planted-\w+; uninstall one"):
        load_plugin(GROUP, "twice")
    assert load_plugin(GROUP, "planted_beta:B").value is dict


def test_an_older_version_further_down_the_path_does_not_count(install: Installer) -> None:
    install.distribution("Planted_X", "1.0", {GROUP: {"once": "planted_old:B"}}, {"planted_old": "B = 1"})
    install.distribution("planted-x", "2.0", {GROUP: {"once": "planted_new:B"}}, {"planted_new": "B = dict"})
    assert status_of("once") == PluginStatus("once", GROUP, "planted-x", "2.0")


def test_unreadable_entry_points_are_listed_and_harm_nobody(install: Installer) -> None:
    info = install.distribution("planted", "1.0", {})
    (info / "entry_points.txt").write_bytes(b"[vickrey.bidders]\nx = \xff\xfe:B\n")
    status = status_of("(planted)")
    assert status.reason is not None
    assert "its entry points cannot be read" in status.reason
    assert status_of("documents").ok


def test_a_distribution_without_metadata_harms_nobody(install: Installer) -> None:
    for name in ("a", "b"):
        modules = {f"planted_{name}": "B = dict"}
        info = install.distribution(f"planted{name}", "1.0", {GROUP: {f"bare-{name}": f"planted_{name}:B"}}, modules)
        (info / "METADATA").unlink()
    assert status_of("bare-a").ok
    assert status_of("bare-b").ok


# --- names ---


def test_an_unknown_name_is_answered_with_the_known_ones_and_a_suggestion() -> None:
    with pytest.raises(
        InvalidConfig,
        match=r"no bidder type 'documnts' is installed \(known: .*documents, .*\); did you mean 'documents'\?",
    ):
        load_plugin(GROUP, "documnts")


def test_a_dotted_path_with_a_full_stop_is_put_right() -> None:
    with pytest.raises(InvalidConfig, match=r"a dotted path is written package\.module:Class"):
        load_plugin(GROUP, "somewhere.Bidder")


def test_a_dotted_path_needs_no_entry_point() -> None:
    assert load_plugin(GROUP, "collections:OrderedDict.fromkeys").value([1]) == {1: None}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere.at_all:Bidder", "ModuleNotFoundError: No module named 'nowhere'"),
        ("collections:Nothing", "AttributeError: module 'collections' has no attribute 'Nothing'"),
        ("collections:", "is module; a plugin is a class or a function"),
        ("9:9", "ValueError: invalid format"),
    ],
)
def test_a_dotted_path_that_leads_nowhere_is_broken(path: str, said: str) -> None:
    with pytest.raises(BrokenPlugin, match=said):
        load_plugin(GROUP, path)


# --- building ---


def plugin(value: Any) -> Plugin:
    return Plugin("sample", GROUP, "acme", "1.0", value)


def factory(name: str, path: str, *, limit: int = 3) -> tuple[str, str, int]:
    return (name, path, limit)


def anything(**options: Any) -> dict[str, Any]:
    return options


def test_options_and_what_the_market_supplies_reach_the_factory() -> None:
    built = build(plugin(factory), {"path": "x", "limit": 5}, "here", {"name": "a", "policy": None})
    assert built == ("a", "x", 5)


def test_a_factory_of_any_options_gets_what_the_market_supplies_too() -> None:
    assert build(plugin(anything), {"k": 1}, "here", {"name": "a"}) == {"name": "a", "k": 1}


def test_a_factory_whose_parameters_cannot_be_told_gets_the_options() -> None:
    assert build(plugin(dict), {"k": 1}, "here") == {"k": 1}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"path": "x", "limt": 1},
            r"^here: unknown option 'limt': bidder 'sample' of acme 1.0 takes path, limit; did you mean 'limit'",
        ),
        ({"path": "x", "name": "b"}, r"^here: unknown option 'name'"),
        ({}, r"^here: bidder 'sample' of acme 1.0 needs the option 'path'$"),
    ],
)
def test_options_that_do_not_fit_are_the_operators_to_mend(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidConfig, match=said):
        build(plugin(factory), options, "here", {"name": "a"})


def test_a_missing_option_that_may_be_there_under_a_misspelt_name_is_told_so() -> None:
    def takes_more(path: str, **more: Any) -> None:
        """As the models of providers, it takes options that its signature does not name."""

    with pytest.raises(InvalidConfig, match=r"needs the option 'path'; is it meant by 'pth'\?$"):
        build(plugin(takes_more), {"pth": "x", "limit": 1}, "here")
    with pytest.raises(InvalidConfig, match=r"needs the option 'path'$"):
        build(plugin(takes_more), {"limit": 1}, "here")


def test_an_option_for_a_factory_of_none_is_refused() -> None:
    with pytest.raises(InvalidConfig, match="takes no options"):
        build(plugin(lambda: None), {"path": "x"}, "here")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (RuntimeError("boom"), BrokenPlugin, "^here: bidder 'sample' of acme 1.0 is broken: RuntimeError: boom$"),
        (SystemExit(2), BrokenPlugin, r"is broken: it called sys\.exit\(2\)"),
        (TypeError(), BrokenPlugin, "is broken: TypeError$"),
        (BrokenPlugin("no model"), BrokenPlugin, "^here: no model$"),
        (InvalidMoney("-1 is negative"), InvalidConfig, "^here: bidder 'sample' of acme 1.0: -1 is negative$"),
        (StoreUnavailable("disk full"), InvalidConfig, "^here: bidder 'sample' of acme 1.0: disk full$"),
    ],
)
def test_what_a_factory_raises_says_whose_fault_it_is(error: BaseException, kind: type[Exception], said: str) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(kind, match=said) as refusal:
        build(plugin(fail), {}, "here")
    assert type(refusal.value) is kind
    assert refusal.value.__cause__ is error


def test_a_plugin_says_what_it_takes() -> None:
    assert takes(plugin(factory), "limit")
    assert takes(plugin(anything), "limit")
    assert not takes(plugin(factory), "policy")
