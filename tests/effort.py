"""How many examples a property test tries; `VICKREY_TEST_EFFORT=0.2` tries a fifth, for runs against mutants."""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, Phase, settings

EFFORT: Final = float(os.environ.get("VICKREY_TEST_EFFORT") or 1)
EXAMPLES: Final = max(10, int(100 * EFFORT))
"""How many a property tries that does not say."""


def examples(number: int, steps: int = 50) -> settings:
    """Settings for a property of `number` examples; a reduced effort does not shrink what it finds either."""
    phases = [Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if EFFORT >= 1 else [])]
    return settings(
        max_examples=max(5, int(number * EFFORT)),
        phases=phases,
        stateful_step_count=steps,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
