"""A bidder in less than twenty lines: it ends a text with a proverb, once."""

from orchestrator import Announcement, Money, Pass, Segment, WonLot


class ProverbBidder:
    roles = ("transformer",)

    def __init__(self, name: str, proverb: str = "Better late than never.") -> None:
        self.name = name
        self.proverb = proverb

    async def bid(self, announcement: Announcement) -> Money | Pass:
        if self.proverb in announcement.state.text:
            return Pass("it has been said")
        return min(announcement.bounty.share(0.05), announcement.balance)

    async def transform(self, lot: WonLot) -> list[Segment]:
        return [Segment(self.proverb, kind="proverb")]
