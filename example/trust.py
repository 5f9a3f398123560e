"""What happens to data that isn't yours: reading a pickle runs the code that it
names, so what your key did not sign is not unpickled.

"""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path

from zensols.persist import DirectoryStash, UntrustedDataError
from zensols.persist.codec import SignedPickleCodec


class Intruder:
    """Pickled, this is a call of print; it could be one of os.system."""

    def __reduce__(self) -> tuple[object, ...]:
        return print, ("whoever wrote this runs code as you!",)


def main(folder: Path) -> None:
    """Attack a folder in three ways."""
    stash = DirectoryStash[object](folder)
    stash["salary"] = 1_000
    stash["bonus"] = 1_000_000

    def attempt(what: str) -> None:
        print(f"\n{what}:")
        try:
            print("read", stash["salary"])
        except UntrustedDataError as error:
            print(str(error).replace(str(folder), "..."))

    attempt("As it was written")
    file = stash.key_to_path("salary")
    genuine = file.read_bytes()
    file.write_bytes(stash.key_to_path("bonus").read_bytes())
    attempt("Another entry in its place")
    file.write_bytes(genuine[:-2] + bytes(2))
    attempt("Changed")
    file.write_bytes(pickle.dumps(Intruder()))
    attempt("A pickle from elsewhere")
    stash.codec = SignedPickleCodec(trust="any")
    attempt("The same, when the program says that it trusts anything")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(Path(folder))
