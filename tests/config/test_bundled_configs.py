"""Every config that is shipped loads, builds whole, and gives no cause for a warning."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from orchestrator.config import build_bidders, build_judge, bundled_folder, load_config, named_file, template, warnings
from orchestrator.config.sections import BidderSection, ConfigSection, RulesSection, Section
from orchestrator.config.settings import Config
from orchestrator.errors import InvalidConfig

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


def test_there_are_configs_to_load() -> None:
    assert {path.name for path in CONFIGS} >= {"lisbon.yaml", "minimal.yaml", "research.yaml"}
    assert bundled_folder() == CONFIGS[0].parent


def shipped(path: Path) -> object:
    """A config as a test's parameter; litellm takes seconds to import."""
    return pytest.param(path, id=path.name, marks=pytest.mark.slow if path.stem == "litellm" else ())


def test_what_is_shipped_is_found_by_its_name_in_the_repository_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_config("configs/minimal.yaml").source == str(CONFIGS[0].parent / "minimal.yaml")
    assert named_file("configs/quiz/tasks.jsonl") == CONFIGS[0].parent / "quiz" / "tasks.jsonl"
    for not_shipped in ("configs/../pyproject.toml", "configs/quiz", "quiz/tasks.jsonl"):
        assert named_file(not_shipped) == Path(not_shipped)
    with pytest.raises(InvalidConfig):
        load_config("elsewhere/minimal.yaml")
    own = tmp_path / "configs"
    own.mkdir()
    (own / "minimal.yaml").write_text("version: 1\nbounty_typical: 7\n", encoding="utf-8")
    assert load_config("configs/minimal.yaml").bounty_typical_nanos == 7 * 10**9


@pytest.mark.parametrize("path", [shipped(path) for path in CONFIGS])
def test_a_shipped_config_builds_whole(path: Path) -> None:
    check_whole(load_config(path))


def test_the_template_builds_whole(tmp_path: Path) -> None:
    check_whole(load_template(tmp_path))


def check_whole(config: Config) -> None:
    built, broken = build_bidders(config)
    assert not broken
    assert len(built) == sum(spec.clones for spec in config.bidders)
    assert warnings(config, built) == []
    assert build_judge(config).name == config.judge.type


def load_template(folder: Path) -> Config:
    path = folder / "vickrey.yaml"
    path.write_text(template(), encoding="utf-8")
    return load_config(path)


def test_the_template_shows_the_defaults(tmp_path: Path) -> None:
    config, defaults = load_template(tmp_path), load_config({})
    for setting in ("bounty_typical_nanos", "rules", "request", "wealth", "judge", "store_url"):
        assert getattr(config, setting) == getattr(defaults, setting), setting


def keys_of(section: type[Section]) -> set[str]:
    return set(section.model_fields)


def test_the_template_shows_every_setting() -> None:
    written = yaml.safe_load(template())
    assert written.keys() == keys_of(ConfigSection) - {"store"}
    assert "# store:" in template()
    assert written["rules"].keys() == keys_of(RulesSection)
    for name in ("rules", "request", "wealth"):
        section = ConfigSection.model_fields[name].annotation
        assert isinstance(section, type)
        assert written[name].keys() == set(section.model_fields)
    for key in keys_of(BidderSection) - {"name", "type", "options"}:
        assert f"    # {key}: " in template()


WITH_MODELS = ("openai", "anthropic", "litellm", "compatible", "local", "quiz")


@pytest.mark.parametrize("path", [shipped(path) for path in CONFIGS if path.stem in WITH_MODELS])
def test_every_model_of_a_shipped_config_has_a_known_price_and_three_principals_present(path: Path) -> None:
    config = load_config(path)
    built, _ = build_bidders(config)
    models = [each.bidder.model for each in built if hasattr(each.bidder, "model")]
    assert len({model.name for model in models}) == len(
        {spec.options["model"]["name"] for spec in config.bidders if "model" in spec.options}
    )
    assert [model.name for model in models if model.pricing.price is None] == []
    presenting = {each.principal for each in built if "presenter" in each.bidder.roles}
    assert len(presenting) >= 3
    assert config.request.spend_cap_nanos is not None or path.stem in ("local", "quiz")
