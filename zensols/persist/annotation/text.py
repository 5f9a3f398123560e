"""Text that serves as file names."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

__all__ = ["FileTextUtil"]

_SPECIAL: Final = re.compile(r"""[ \t\n\\\[\]()/<>{}:;_`'"|!@#$%^&*~?,+=.\-]+""")
_NOT_PRINTABLE: Final = re.compile(r"[^ -~]")
_UNITS: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi")


class FileTextUtil:
    """Functions that make file names of arbitrary text.  They keep no state.

    >>> from zensols.persist.annotation import FileTextUtil
    >>> FileTextUtil.normalize_text("A (new) model: v1.2")
    'a-new-model-v1-2'

    """

    @staticmethod
    def normalize_text(
        name: str,
        replace_char: str = "-",
        lower: bool = True,
        regex: str | re.Pattern[str] | None = None,
        remove_non_printable: bool = False,
    ) -> str:
        """Replace what is special in file systems and shells.  A replacement
        that would begin or end the text is left out where enough other text
        remains.

        :param name: any text

        :param replace_char: what to put for each run of special characters

        :param lower: whether to make the text lower case first

        :param regex: matches what to replace; by default runs of blanks and
                      ASCII punctuation

        :param remove_non_printable: whether to remove, last, all that is not
                                     printable ASCII

        :return: the text

        >>> from zensols.persist.annotation import FileTextUtil
        >>> FileTextUtil.normalize_text("What's in /tmp?", replace_char="_")
        'what_s_in_tmp'

        """
        if lower:
            name = name.lower()
        name = re.sub(
            _SPECIAL if regex is None else regex, lambda _: replace_char, name
        )
        length = len(name)
        if length > 1:
            name = name.removeprefix(replace_char)
        if length > 2:
            name = name.removesuffix(replace_char)
        if remove_non_printable:
            name = _NOT_PRINTABLE.sub("", name)
        return name

    @classmethod
    def normalize_path(
        cls,
        path: Path,
        replace_char: str = "-",
        lower: bool = True,
        regex: str | re.Pattern[str] | None = None,
        remove_non_printable: bool = False,
    ) -> Path:
        """Call :meth:`normalize_text` for each part of a path, except the root
        and ``~``.

        :param path: the path

        :param replace_char: see :meth:`normalize_text`

        :param lower: see :meth:`normalize_text`

        :param regex: see :meth:`normalize_text`

        :param remove_non_printable: see :meth:`normalize_text`

        :return: the path with its parts replaced

        >>> from pathlib import Path
        >>> from zensols.persist.annotation import FileTextUtil
        >>> FileTextUtil.normalize_path(Path("~/My Data/v1.2")).as_posix()
        '~/my-data/v1-2'

        """
        path = Path(path)
        return Path(
            *(
                part
                if part in (path.anchor, "~")
                else cls.normalize_text(
                    part, replace_char, lower, regex, remove_non_printable
                )
                for part in path.parts
            )
        )

    @staticmethod
    def byte_format(num: float, suffix: str = "B") -> str:
        """Return a number in binary units with one decimal.

        :param num: the number, for example of bytes

        :param suffix: the name of the unit

        :return: such as ``1.5KiB``

        >>> from zensols.persist.annotation import FileTextUtil
        >>> FileTextUtil.byte_format(1536)
        '1.5KiB'

        """
        for unit in _UNITS:
            if abs(num) < 1024:
                return f"{num:.1f}{unit}{suffix}"
            num /= 1024
        return f"{num:.1f}Yi{suffix}"

    @staticmethod
    def unique_tracked_name(
        prefix: str,
        include_user: bool = True,
        include_time: bool = True,
        extension: str | None = None,
    ) -> str:
        """Return a lower case name that tells who made something and when, in
        local time to the minute.

        :param prefix: what the name begins with

        :param include_user: whether to add the user's name, or number where it
                             has none

        :param include_time: whether to add the time

        :param extension: the file name extension, without the dot

        :return: ``<prefix>[-<user>][-<MonDD-HHMM>][.<extension>]``

        >>> from zensols.persist.annotation import FileTextUtil
        >>> FileTextUtil.unique_tracked_name("Run", False, False, "csv")
        'run.csv'

        """
        from datetime import datetime

        parts = [prefix]
        if include_user:
            parts.append(_user())
        if include_time:
            parts.append(datetime.now().astimezone().strftime("%b%d-%H%M"))
        name = "-".join(parts)
        if extension is not None:
            name = f"{name}.{extension}"
        return name.lower()


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else "user"
