"""Plugins: how bidders, judges, models and policies are found, loaded and built.

A plugin is an entry point of any installed distribution; ours are found like a stranger's.
Each is loaded on its own, so that a broken one is listed with its reason and harms nobody (R14).
"""

from orchestrator.plugins.building import build, takes
from orchestrator.plugins.installed import list_plugins, load_plugin
from orchestrator.plugins.plugin import BIDDERS, JUDGES, MODELS, POLICIES, Plugin, PluginStatus, suggestion

__all__ = [
    "BIDDERS",
    "JUDGES",
    "MODELS",
    "POLICIES",
    "Plugin",
    "PluginStatus",
    "build",
    "list_plugins",
    "load_plugin",
    "suggestion",
    "takes",
]
