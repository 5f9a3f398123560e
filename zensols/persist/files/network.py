"""Telling file systems that are on other machines."""

from __future__ import annotations

import os
from functools import cache
from typing import Final

__all__ = ["NETWORK_FILE_SYSTEMS", "on_network"]

NETWORK_FILE_SYSTEMS: Final = frozenset(
    "9p afs beegfs ceph cifs fuse.glusterfs fuse.s3fs fuse.sshfs glusterfs gpfs lustre "
    "ncpfs nfs nfs4 smb3 smbfs".split()
)
"""Where a mapped page can fail to load (SIGBUS) when the server goes away, or
where another machine's writes show, late or not at all.
"""


@cache
def on_network(device: int) -> bool:
    """Return whether a device is on another machine, as far as the system tells
    (Linux does).

    :param device: as in ``st_dev`` of :func:`os.stat`

    >>> from zensols.persist.files import on_network
    >>> on_network(os.makedev(4000, 4000))
    False

    """
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        with open("/proc/self/mountinfo") as mounts:
            for line in mounts:
                mount, _, source = line.partition(" - ")
                if mount.split()[2] == number:
                    return source.split()[0] in NETWORK_FILE_SYSTEMS
    except OSError:
        pass
    return False
