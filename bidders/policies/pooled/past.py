"""The past: what is left of requests that are not kept as they are."""

from __future__ import annotations

from typing import NamedTuple

from bidders.policies.pooled.abilities import Counts
from bidders.policies.pooled.echoes import EchoCounts
from bidders.policies.pooled.evidence import Evidence
from bidders.policies.pooled.kinds import Sums
from bidders.policies.pooled.pool import Memory, counts_from_json
from bidders.policies.pooled.strengths import TopicCounts
from bidders.policies.pooled.topics import Topics
from bidders.policies.pooled.world import Floats


class Expected(NamedTuple):
    """What requests make likely.

    Attributes:
        counts: how often each bidder was right at each level, and so on.
        targets: of each request, what its text should have foretold.
        on_topics: who was right how often on which topic.
    """

    counts: Counts
    targets: Floats
    on_topics: TopicCounts


class Past(NamedTuple):
    """What is left of requests that are not kept as they are.

    Attributes:
        counts: expected counts of them.
        texts: sums over their texts.
        echo_counts: who has met and echoed whom in them.
        on_topics: of those since topics are told apart, who was right how often on which.
    """

    counts: Counts
    texts: Sums
    echo_counts: EchoCounts
    on_topics: TopicCounts

    @classmethod
    def of(cls, memory: Memory, numbers: int) -> Past:
        """What a memory keeps of them, with room for all its bidders, and for texts of so many numbers."""
        return cls(
            counts_from_json(memory["faded"]).widened(len(memory["names"])),
            Sums.from_json(memory["texts"]).fitting(numbers),
            EchoCounts.from_json(memory["heard"]),
            TopicCounts.from_json(memory["on_topics"], len(memory["names"])),
        )

    def times(self, factor: float) -> Past:
        """The same, faded."""
        return Past(
            self.counts.times(factor),
            self.texts.times(factor),
            self.echo_counts.times(factor),
            self.on_topics.times(factor),
        )

    def with_topics(self, topics: Topics) -> Past:
        """The same where topics are told apart from now on; of older requests nobody knows theirs."""
        return self._replace(on_topics=TopicCounts.none(len(topics), len(self.counts.right)))

    def with_more(self, evidence: Evidence, expected: Expected, echo_counts: EchoCounts) -> Past:
        """The same with some more requests.

        Args:
            evidence: these.
            expected: what they make likely.
            echo_counts: who has met and echoed whom in them.
        """
        return Past(
            self.counts + expected.counts,
            self.texts + Sums.of(evidence.looks, expected.targets, evidence.weights),
            self.echo_counts + echo_counts,
            self.on_topics + expected.on_topics,
        )

    def in_memory(self, memory: Memory) -> Memory:
        """A memory that keeps this."""
        return {
            **memory,
            "faded": self.counts.to_json(),
            "heard": self.echo_counts.to_json(),
            "texts": self.texts.to_json(),
            "on_topics": self.on_topics.to_json(),
        }
