"""The codes of transfers: why money moved, and what that means for the wallet that it moved through.

These are all there are: each belongs to one class, and a code that is in none counts as nothing. A test finds every
code of the source here.
"""

from __future__ import annotations

from typing import Final

EARNING: Final = ("price", "audition", "subsidy", "payout", "reward")
"""By which a wallet earns; refills, top-ups and compensation are no earnings."""

SPENDING: Final = ("price", "cost", "forfeit", "penalty")
"""What a wallet pays in order to earn; rent is owed by those who do nothing, too."""

WORK: Final = frozenset((*EARNING, *SPENDING, "discount"))
"""What a bidder's work brings its wallet, and costs it: its profit."""

REPAID: Final = frozenset(("compensation",))
"""What a requester's deposit pays of costs that wallets bore: no profit."""

UPKEEP: Final = frozenset(("rent", "refill", "retire", "grant", "grant-return"))
"""What the treasury takes and gives when a request has ended: by a bidder's business as a whole."""

STANDING: Final = frozenset(("stock", "endow", "topup", "reinstate", "practice-fund", "practice"))
"""What moves between requests: money that enters, that is given back, or that practice costs."""

REQUEST: Final = frozenset(
    ("fund", "pledge", "deposit", "deposit-return", "return", "refund", "escrow", "judging", "overrun")
)
"""What moves between requester, issuer, treasury, providers and a request's own accounts: through no wallet."""

PERMISSION: Final = frozenset(("cap", "cap-return", "cap-overrun"))
"""What is no money: permission to spend it at providers."""

CLASSES: Final = (WORK, REPAID, UPKEEP, STANDING, REQUEST, PERMISSION)
