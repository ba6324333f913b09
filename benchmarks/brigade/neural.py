"""The neural bucket brigade of Schmidhuber 1989, as its equations say.

Units are grouped in winner-take-all subsets. A connection's contribution is c_ij(t) = x_i(t-1) w_ij. Where unit
j fires, each contribution to it pays lambda c_ij, and what it pays goes to the connections that had set up unit i's own
firing one tick before, in proportion to what they had contributed. A connection into an output unit that fires
rightly receives eta c_ij from outside. So weight substance enters with success alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

RATE = 0.005
_SPREAD = 0.001

Vector = NDArray[np.float64]


@dataclass(slots=True)
class NeuralBrigade:
    """A net of input units, one subset of hidden units, and one of output units, one for each class.

    Attributes:
        inputs: how many input units.
        hidden: how many hidden units.
        classes: how many output units.
        recurrent: whether hidden units are connected to each other, as a task with memory needs.
        seed: draws the first weights, and who wins a tie.
        substance: the weights; rows are sending units, columns hidden and output units.
    """

    inputs: int
    hidden: int
    classes: int
    recurrent: bool
    seed: int
    substance: Vector = field(init=False)
    _mask: Vector = field(init=False)
    _draws: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._draws = np.random.default_rng(self.seed)
        units, fired = self.inputs + self.hidden, self.hidden + self.classes
        self._mask = np.ones((units, fired))
        self._mask[: self.inputs, self.hidden :] = 0.0
        if not self.recurrent:
            self._mask[self.inputs :, : self.hidden] = 0.0
        self.substance = self._draws.uniform(1 - _SPREAD, 1 + _SPREAD, (units, fired)) * self._mask

    def present(self, sequence: Sequence[Vector], label: int, *, learning: bool = True) -> bool:
        """Show one input a tick; whether the output unit that fires at the last tick is the right one.

        Args:
            sequence: the input units' activations at each tick.
            label: the right class.
            learning: whether substance flows.
        """
        fired = np.zeros(self.hidden + self.classes)
        before = np.zeros_like(self.substance)
        for clamped in sequence:
            active = np.concatenate([clamped, fired[: self.hidden]])
            flow = active[:, None] * self.substance
            fired = self._winners(flow.sum(axis=0))
            flow = flow * fired
            if learning:
                self._pay(flow, before, label)
            before = flow
        return bool(fired[self.hidden + label])

    def _winners(self, net: Vector) -> Vector:
        """The unit with the most input fires in each subset; none where no input comes."""
        fired = np.zeros_like(net)
        for start, end in ((0, self.hidden), (self.hidden, len(net))):
            most = net[start:end].max()
            if most > 0:
                best = np.flatnonzero(net[start:end] == most)
                fired[start + int(self._draws.choice(best))] = 1.0
        return fired

    def _pay(self, flow: Vector, before: Vector, label: int) -> None:
        paid = RATE * flow
        received = np.zeros_like(flow)
        # What hidden units' outgoing contributions pay goes to what set these units up one tick before.
        from_hidden = paid[self.inputs :].sum(axis=1)
        setters = before[:, : self.hidden]
        totals = setters.sum(axis=0)
        shares = np.divide(setters, totals, out=np.zeros_like(setters), where=totals > 0)
        received[:, : self.hidden] = shares * from_hidden
        received[:, self.hidden + label] += RATE * flow[:, self.hidden + label]
        self.substance = np.maximum(0.0, self.substance - paid + received) * self._mask
