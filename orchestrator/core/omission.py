"""Fields that came later: the record leaves them out while they stand at their default.

So a run that makes no use of them has the same journal, and the same hash, as before they came.
"""

from __future__ import annotations

from operator import not_
from typing import Annotated

from pydantic import Field

LaterFlag = Annotated[bool, Field(exclude_if=not_)]
"""A flag that is recorded only where it is set."""
