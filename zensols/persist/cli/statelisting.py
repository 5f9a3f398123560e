"""The commands ``stash state ls`` and ``history``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from ..stash.wording import size_text, unescape
from .exits import ExitCode
from .options import Escaped, Json
from .output import Column, print_rows
from .stateoptions import (
    All,
    App,
    NoPartition,
    Partition,
    StatesUrl,
    absent,
    select,
)
from .statestores import open_existing_states

if TYPE_CHECKING:
    from ..state.persister import Persister

__all__ = ["history", "ls"]


def _time_text(created_at: str) -> str:
    return created_at[:19].replace("T", " ")


_STEP: Final = (
    Column("sequence_id", right=True),
    Column("position"),
    Column("status"),
    Column("created_at", _time_text),
    Column("size", size_text, right=True),
)

_APP: Final = (
    Column("partition_key"),
    Column("app_id"),
    Column("steps", right=True),
    *_STEP,
)


def ls(
    url: StatesUrl,
    partition: Partition = None,
    no_partition: NoPartition = False,
    everything: All = False,
    as_json: Json = False,
    escaped: Escaped = False,
) -> int:
    r"""List applications, the one saved last first.

    What is shown is how many states each has, and of the last one its number, its
    position, whether that step succeeded, when it was saved (in UTC) and how large it
    is. No states are read. Elsewhere than on a terminal, columns are separated by tabs,
    sizes are in bytes, and '-' stands for no partition.

    \b
    Examples:
      stash state ls sqlite:states.db --partition 'user 1'
      stash state ls redis://localhost:6379/0 --all | cut -f 2
      stash state ls sqlite:states.db --all --json | jq 'select(.status == "failed")'
    """
    wanted = select(partition, no_partition, everything, escaped)
    with open_existing_states(url) as persister:
        print_rows(_apps(persister, wanted), _APP, as_json)
    return ExitCode.OK


def _apps(persister: Persister, wanted: Any) -> Iterator[dict[str, Any]]:
    for partition, app in persister.exchange().list_apps(wanted):
        items = persister.history(partition, app)
        # It may have been deleted meanwhile.
        if items:
            yield {
                "partition_key": partition,
                "app_id": app,
                "steps": len(items),
                **asdict(items[-1]),
            }


def history(
    url: StatesUrl,
    app: App,
    partition: Partition = None,
    as_json: Json = False,
    escaped: Escaped = False,
) -> int:
    r"""List what was saved of an application, in order.

    That is the number of each step, its position, whether it succeeded, when it was
    saved (in UTC), and the size of the state. No states are read.

    \b
    Examples:
      stash state history sqlite:states.db chat --partition 'user 1'
      stash state history sqlite:states.db chat --json | jq .position
    """
    if escaped:
        app, partition = unescape(app), partition and unescape(partition)
    with open_existing_states(url) as persister:
        items = persister.history(partition, app)
        if not items:
            return absent(partition, app)
        print_rows(map(asdict, items), _STEP, as_json)
    return ExitCode.OK
