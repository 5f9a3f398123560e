"""A stash whose process dies at a write, as far as its caller can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zensols.persist import DelegateStash


class Killed(BaseException):
    """What nobody handles."""


@dataclass
class MortalStash(DelegateStash[Any]):
    """Writes so many entries, and is killed before the next one."""

    writes: int = 1 << 40

    def _write(self) -> None:
        if self.writes == 0:
            raise Killed
        self.writes -= 1

    def dump(self, name: str, inst: Any) -> None:
        self._write()
        super().dump(name, inst)

    def delete(self, name: str | None = None) -> None:
        self._write()
        super().delete(name)
