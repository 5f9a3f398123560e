"""The example of the documentation prints what is said there."""

from __future__ import annotations

import os
import re
import shutil

CLASS = """\
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
"""

SESSION = """\
>>> inst = SomeClass(5)
>>> print(Path('.').iterdir())
(PosixPath('example.py'),)
>>> inst.count
returning count value
10
>>> print(Path('.').iterdir())
(PosixPath('example.py'), PosixPath('counter.dat'),)
>>> inst.count
10
>>> inst.notsaved
returning unsaved value
15
>>> inst.notsaved
15
>>> inst = SomeClass(10)
>>> inst.count
10
>>> inst.notsaved
returning unsaved value
30
"""


def normalized(line):
    """A line; a listing of a folder in order, since a folder has none."""
    files = re.findall(r"PosixPath\('([^']+)'\)", line)
    return sorted(files) or line


def test_prints_what_the_document_says(run, in_tmp, examples):
    shutil.copy(examples / "counter.py", in_tmp / "example.py")
    printed = run(in_tmp / "example.py").stdout.splitlines()
    said = [line for line in SESSION.splitlines() if not line.startswith(">>>")]
    assert list(map(normalized, printed)) == list(map(normalized, said))
    assert sorted(os.listdir(in_tmp)) == ["counter.dat", "example.py"]


def test_second_run_finds_the_count(run, in_tmp, examples):
    first, second = (run(examples / "counter.py").stdout for _ in range(2))
    assert "returning count value" in first
    assert "returning count value" not in second
    assert second.count("returning unsaved value") == 2
    assert os.listdir(in_tmp) == ["counter.dat"]


def test_class_is_that_of_the_document(examples):
    assert f"\n{CLASS}" in (examples / "counter.py").read_text("utf-8")
