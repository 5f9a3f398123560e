"""The scripts with which a Redis server finds what persisters ask for; those that
change it are in :mod:`.rediswriting`.

All identifiers are numbers of 16 digits, so that they are in order as texts, too.
What begins with the persister's prefix are:

``about``
    the version of all this
``ids``
    the last identifier that was given to a record or branch
``app:<length of the partition>:<partition><application>``
    the branch of an application
``apps:<partition>``
    the branches and applications of a partition, by their newest records
``partitions``
    the partitions that have applications
``branch:<id>``, ``family:<root>``
    a branch, and all that were forked off one in the beginning
``order:<branch>``, ``hidden:<branch>``
    the records of a branch
``numbers:<branch>``
    those that are not hidden, by ``<sequence number>:<id>``
``record:<id>``
    ``<branch>:<base>:<sequence number>:<length of the head>:``, the head in JSON
    and the payload
``needs``
    how many records are stored against a record
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha1
from typing import Final

__all__ = [
    "FIND",
    "FIND_BRANCH",
    "FIND_BRANCHES",
    "FIND_IN",
    "FIND_NEWEST_APP",
    "FIND_PIECES",
    "LIST_APPS",
    "LIST_RECORDS",
    "READ",
    "VERSION_OF",
    "Script",
]


@dataclass(frozen=True)
class Script:
    """A script, whose first argument is the prefix of all keys.

    >>> len(Script("return 1").sha)
    40

    """

    text: str
    """What the server runs."""

    @cached_property
    def sha(self) -> str:
        """What the server calls it."""
        return sha1(self.text.encode(), usedforsecurity=False).hexdigest()


READ: Final = """
local P, call = ARGV[1], redis.call

local function key_of_app(partition, app)
    return P .. 'app:' .. #partition .. ':' .. partition .. app
end

local function find_newest(branch, first, last, number)
    if number == '' then
        last = last == '' and '+inf' or last
        local key = P .. 'order:' .. branch
        return call('zrevrangebyscore', key, last, first, 'limit', 0, 1)[1]
    end
    last = last == '' and '~' or last
    local found = call('zrevrangebylex', P .. 'numbers:' .. branch,
        '[' .. number .. ':' .. last, '[' .. number .. ':' .. first, 'limit', 0, 1)[1]
    return found and string.sub(found, -16)
end

local function load(id)
    return {id, call('get', P .. 'record:' .. id)}
end

-- The branch, base, sequence number, where the head begins and all up to its end.
local function read_head(id)
    local key = P .. 'record:' .. id
    local text = call('getrange', key, 0, 511)
    local _, stop, branch, base, number, length =
        string.find(text, '^(%d+):(%d*):(%-?%d+):(%d+):')
    if not stop then return nil end
    if stop + length > #text then text = call('getrange', key, 0, stop + length - 1) end
    return branch, base, number, stop + 1, string.sub(text, 1, stop + length)
end

local function load_branch(id)
    local fields = call('hmget', P .. 'branch:' .. id,
        'root', 'parent', 'last', 'app', 'floor')
    return {id, unpack(fields, 1, 5)}
end
"""
"""What scripts that read records begin with."""

VERSION_OF: Final = Script("return redis.call('get', ARGV[1] .. 'about')")
"""The version of what there is, if there is anything."""

FIND: Final = Script(
    READ
    + """
local branch = call('get', key_of_app(ARGV[2], ARGV[3]))
if not branch then return false end
local floor = call('hget', P .. 'branch:' .. branch, 'floor')
local id = find_newest(branch, floor, '', ARGV[4])
return id and load(id)
"""
)
"""The newest record of an application; partition, application, number or nothing."""

FIND_IN: Final = Script(
    READ
    + """
local newest
for i = 3, #ARGV, 3 do
    local id = find_newest(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[2])
    if id and (not newest or id > newest) then newest = id end
end
return newest and load(newest)
"""
)
"""The newest record of spans; number or nothing, spans."""

FIND_BRANCH: Final = Script(
    READ
    + """
local branch = call('get', key_of_app(ARGV[2], ARGV[3]))
return branch and load_branch(branch)
"""
)
"""The branch of an application; partition, application."""

FIND_BRANCHES: Final = Script(
    READ
    + """
local found = {}
for number, id in ipairs(call('smembers', P .. 'family:' .. ARGV[2])) do
    found[number] = load_branch(id)
end
return found
"""
)
"""The branches of a family; its root."""

FIND_NEWEST_APP: Final = Script(
    "return redis.call('zrevrange', ARGV[1] .. 'apps:' .. ARGV[2], 0, 0)[1]"
)
"""The branch and name of the application used last; partition."""

FIND_PIECES: Final = Script(
    READ
    + """
local found = {}
for i = 2, #ARGV do
    found[i - 1] = load(ARGV[i])
end
return found
"""
)
"""Records; their identifiers."""

LIST_APPS: Final = Script(
    READ
    + """
local partitions = {ARGV[2]}
if not ARGV[2] then partitions = call('smembers', P .. 'partitions') end
local found = {}
for number, partition in ipairs(partitions) do
    local apps = call('zrange', P .. 'apps:' .. partition, 0, -1, 'withscores')
    found[number] = {partition, apps}
end
return found
"""
)
"""The applications with their newest records; partition, or nothing for all."""

LIST_RECORDS: Final = Script(
    READ
    + """
local kinds = ARGV[2] == '1' and {'order:', 'hidden:'} or {'order:'}
local found = {}
for i = 3, #ARGV, 3 do
    for _, kind in ipairs(kinds) do
        local last = ARGV[i + 2] == '' and '+inf' or ARGV[i + 2]
        local key = P .. kind .. ARGV[i]
        for _, id in ipairs(call('zrangebyscore', key, ARGV[i + 1], last)) do
            local _, _, _, _, head = read_head(id)
            found[#found + 1] = {id, head or false}
        end
    end
end
return found
"""
)
"""The records of spans without payloads; whether hidden ones, too, spans."""
