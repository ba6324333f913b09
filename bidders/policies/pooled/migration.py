"""Migration: a pool's memory as an earlier version of the policy wrote it, carried over to this one."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

import orchestrator
from bidders.policies.pooled.abilities import Counts, abilities_from
from bidders.policies.pooled.pool import VERSION, Fit, Memory


def migrated(memory: Any, version: int) -> Memory:
    """Read a memory of version 1, which knew of no upsets and did not tell accepted works from evident answers.

    Of requests that it kept as counts, as many works count as accepted as it foretold; what it kept whole is read
    anew with the next fit.

    Args:
        memory: what version 1 had learned.
        version: 1; there is no other.

    Raises:
        InvalidMemory: it is no memory of that version.
    """
    if version != 1 or not isinstance(memory, dict) or memory.get("version") != version:
        raise orchestrator.errors.InvalidMemory(
            f"this is no memory of version 1 of policy bayes, the only one that version {VERSION} carries over"
        )
    unknown = abilities_from(Counts.none(0))
    right = np.array(memory["faded"]["right"], dtype=float).reshape(-1, len(unknown.decoys))
    foretold = right @ (1.0 - np.array(memory["fit"]["decoys"], dtype=float))
    nothing = np.zeros(len(unknown.decoys)).tolist()
    fit = {**memory["fit"], "proven": memory["fit"]["right"], "upsets": unknown.upsets.tolist()}
    carried = {
        **memory,
        "version": VERSION,
        "faded": {**memory["faded"], "accepted": foretold.tolist(), "upsets": nothing, "failed": nothing},
        "fit": Fit.from_json(fit).to_json(),
    }
    return cast(Memory, carried)
