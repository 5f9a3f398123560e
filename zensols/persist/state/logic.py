"""What persisters do, whatever their database."""

from __future__ import annotations

from typing import Any

from .chains import Chains
from .past import Past
from .reader import Reader
from .saver import Saver
from .serde import StateSerde
from .upkeep import Upkeep

__all__ = ["Logic"]


class Logic:
    """Decides, step by step, what a persister's database has to do.

    Safe to use from many threads, and by many coroutines.

    """

    def __init__(self, serde: StateSerde) -> None:
        """
        :param serde: turns states into bytes, and back

        """
        self._serde = serde
        chains = Chains()
        self.reader = Reader(serde)
        self.saver = Saver(serde, self.reader, chains)
        self.past = Past(self.reader)
        self.upkeep = Upkeep(self.reader, chains)

    def __reduce__(self) -> tuple[Any, ...]:
        # Without what was saved last, which a copy need not have.
        return type(self), (self._serde,)
