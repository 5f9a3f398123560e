"""What the programs have in common that use a stash at random."""

from __future__ import annotations

MAKE = """
import hashlib, random, sys
from pathlib import Path

def make(number):
    payload = random.Random(number).randbytes(number % 7000)
    return number, payload, hashlib.sha256(payload).digest()

me = int(sys.argv[2])
choose = random.Random(me)

def list_keys(stash):
    listed = set(stash.keys())
    assert listed <= {"a", "b", "c", *(f"own-{n}" for n in range(8))}, listed

def check(value):
    number, payload, digest = value
    assert hashlib.sha256(payload).digest() == digest, f"torn: {number}"
    assert value == make(number), f"mixed: {number}"

def keep_own(stash, turn):
    stash[f"own-{me}"] = make(turn)
    assert stash[f"own-{me}"] == make(turn)

def count(path):
    path.write_text(str(int(path.read_text()) + 1))
"""
