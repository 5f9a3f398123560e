# mypy: allow-untyped-defs, allow-untyped-calls
"""The example of the documentation, as it stands there, and what is done with it
there.  ``counter.dat`` is made in the current folder, and found in it again.

"""

from pathlib import Path

from zensols.persist import PersistableContainer, PersistedWork, persisted


# fmt: off
class SomeClass(PersistableContainer):
    def __init__(self, n):
        self.n = n
        self._counter = PersistedWork(Path('counter.dat'), self, mkdir=True)

    @property
    @persisted('_counter')
    def count(self):
        print('returning count value')
        return self.n * 2

    @property
    @persisted('_notsaved')
    def notsaved(self):
        print('returning unsaved value')
        return self.n * 3
# fmt: on


def main() -> None:
    """Do what the documentation does."""
    inst = SomeClass(5)
    print(tuple(Path(".").iterdir()))
    print(inst.count)
    print(tuple(Path(".").iterdir()))
    print(inst.count)
    print(inst.notsaved)
    print(inst.notsaved)
    inst = SomeClass(10)
    print(inst.count)
    print(inst.notsaved)


if __name__ == "__main__":
    main()
