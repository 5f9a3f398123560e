"""Files: whole or not at all, named after keys, and one writer at a time."""

from .atomic import AtomicFile, write_atomic
from .folder import folds_case, make_folder
from .home import HOME, data_home
from .lock import key_lock_path, path_lock, work_lock_path
from .names import DIGESTED, Digested, FileNames, file_pattern
from .network import NETWORK_FILE_SYSTEMS, on_network
from .sidecar import beside_name, beside_path
from .temporary import Sweeper, is_temporary, remove_dead, temporary_path

__all__ = [
    "DIGESTED",
    "HOME",
    "NETWORK_FILE_SYSTEMS",
    "AtomicFile",
    "Digested",
    "FileNames",
    "Sweeper",
    "beside_name",
    "beside_path",
    "data_home",
    "file_pattern",
    "folds_case",
    "is_temporary",
    "key_lock_path",
    "make_folder",
    "on_network",
    "path_lock",
    "remove_dead",
    "temporary_path",
    "work_lock_path",
    "write_atomic",
]
