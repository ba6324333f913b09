"""A market's settings: read from YAML, checked with their lines, and built into bidders."""

from orchestrator.config.building import (
    BrokenBidder,
    BuiltBidder,
    build_bidders,
    build_judge,
    warnings,
)
from orchestrator.config.loading import bundled_folder, load_config, named_file
from orchestrator.config.settings import BidderSpec, Config, RequestDefaults
from orchestrator.config.stores import url_of
from orchestrator.config.template import copy_of, template
from orchestrator.plugins.recipe import PluginSpec

__all__ = [
    "BidderSpec",
    "BrokenBidder",
    "BuiltBidder",
    "Config",
    "PluginSpec",
    "RequestDefaults",
    "build_bidders",
    "build_judge",
    "bundled_folder",
    "copy_of",
    "load_config",
    "named_file",
    "template",
    "url_of",
    "warnings",
]
