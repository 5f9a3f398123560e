from __future__ import annotations

import pickle

from zensols.persist.domain import Reach


def test_is_ordered() -> None:
    assert Reach.PROCESS < Reach.MACHINE < Reach.NETWORK
    assert min(Reach.NETWORK, Reach.PROCESS, Reach.MACHINE) is Reach.PROCESS
    assert pickle.loads(pickle.dumps(Reach.MACHINE)) is Reach.MACHINE
