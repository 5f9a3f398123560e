"""The scripts with which a Redis server changes what persisters have, each of them
atomic, and harmless when it is sent twice; see :mod:`.redisscripts` for the keys.

"""

from __future__ import annotations

from typing import Final

from .redisscripts import READ, Script

__all__ = ["ADD", "DISCARD", "FORK", "RELEASE", "SET_FLOOR", "SET_UP"]

_WRITE: Final = (
    READ
    + """
local function next_id()
    return string.format('%016.0f', call('incr', P .. 'ids'))
end

local function add_branch(partition, app, parent, last, floor, token)
    local id = next_id()
    local root = id
    if parent ~= '' then
        root = call('hget', P .. 'branch:' .. parent, 'root')
        call('hincrby', P .. 'branch:' .. parent, 'children', 1)
        call('hset', P .. 'branch:' .. id, 'parent', parent, 'last', last)
    end
    call('hset', P .. 'branch:' .. id, 'root', root, 'partition', partition,
        'app', app, 'floor', floor, 'token', token)
    call('sadd', P .. 'family:' .. root, id)
    call('set', key_of_app(partition, app), id)
    call('sadd', P .. 'partitions', partition)
    call('zadd', P .. 'apps:' .. partition, last == '' and 0 or last, id .. app)
    return id
end
"""
)

SET_UP: Final = Script("""
redis.call('setnx', ARGV[1] .. 'about', ARGV[2])
return redis.call('get', ARGV[1] .. 'about')
""")
"""Say what version this is, if nothing does, and return what version there is."""

ADD: Final = Script(
    _WRITE
    + """
local _, partition, app, number, position, status, base, expected, rest = unpack(ARGV)
local branch = call('get', key_of_app(partition, app))
if branch then
    local floor, last = unpack(call('hmget', P .. 'branch:' .. branch, 'floor', 'last'))
    local same = call('zrevrangebylex', P .. 'numbers:' .. branch,
        '[' .. number .. ':~', '[' .. number .. ':' .. floor)
    for _, member in ipairs(same) do
        local id = string.sub(member, -16)
        local _, _, _, start, text = read_head(id)
        local head = start and cjson.decode(string.sub(text, start))
        if head and head[1] == position then
            if head[2] == 'completed' then return load(id) end
            -- It is sent again, since the first reply never came.
            if call('get', P .. 'record:' .. id) == branch .. rest then return id end
        end
    end
    if expected ~= '*' then
        local newest, at = find_newest(branch, floor, '', '') or last, nil
        if newest then _, _, at = read_head(newest) end
        if (at or '') ~= expected then return 'moved' end
    end
elseif expected ~= '*' and expected ~= '' then
    return 'moved'
end
if base ~= '' and call('exists', P .. 'record:' .. base) == 0 then return 'lost' end
branch = branch or add_branch(partition, app, '', '', string.rep('0', 16), '')
local id = next_id()
call('set', P .. 'record:' .. id, branch .. rest)
call('zadd', P .. 'order:' .. branch, id, id)
call('zadd', P .. 'numbers:' .. branch, 0, number .. ':' .. id)
call('zadd', P .. 'apps:' .. partition, id, branch .. app)
if base ~= '' then call('hincrby', P .. 'needs', base, 1) end
return id
"""
)
"""Add a record; partition, application, number, position, status, base or nothing, the
number expected, or nothing, or ``*`` for any, and what follows the branch.
"""

FORK: Final = Script(
    _WRITE
    + """
local _, partition, app, parent, last, floor, token, source = unpack(ARGV)
local branch = call('get', key_of_app(partition, app))
if branch then
    -- It is sent again, since the first reply never came.
    return call('hget', P .. 'branch:' .. branch, 'token') == token and 1 or 0
end
local there = call('hmget', P .. 'branch:' .. source, 'app', 'floor')
if not there[1] or there[2] ~= floor then return 'lost' end
add_branch(partition, app, parent, last, floor, token)
return 1
"""
)
"""Add a branch; partition, application, parent, its last record, floor, token, and the
branch that must have that floor still.
"""

SET_FLOOR: Final = Script("""
local key = ARGV[1] .. 'branch:' .. ARGV[2]
local floor = redis.call('hget', key, 'floor')
if floor and floor < ARGV[3] then redis.call('hset', key, 'floor', ARGV[3]) end
""")
"""Let a branch begin later; branch, floor."""

RELEASE: Final = Script(
    READ
    + """
local key = P .. 'branch:' .. ARGV[2]
local partition, app = unpack(call('hmget', key, 'partition', 'app'))
local newer = call('zcount', P .. 'order:' .. ARGV[2], '(' .. ARGV[3], '+inf')
if app and newer == 0 then
    call('del', key_of_app(partition, app))
    call('zrem', P .. 'apps:' .. partition, ARGV[2] .. app)
    if call('exists', P .. 'apps:' .. partition) == 0 then
        call('srem', P .. 'partitions', partition)
    end
    call('hdel', key, 'app')
end
"""
)
"""Delete an application; branch, its newest record or ``+inf``."""

DISCARD: Final = Script(
    READ
    + """
local index = 2
local function each(use)
    local last = index + ARGV[index]
    for i = index + 1, last do use(ARGV[i]) end
    index = last + 1
end
each(function (id)
    local branch, _, number = read_head(id)
    if branch and call('zrem', P .. 'order:' .. branch, id) == 1 then
        call('zrem', P .. 'numbers:' .. branch, number .. ':' .. id)
        call('zadd', P .. 'hidden:' .. branch, id, id)
    end
end)
each(function (id)
    if call('hexists', P .. 'needs', id) == 1 then return end
    local branch, base, number = read_head(id)
    if not branch then return end
    call('zrem', P .. 'order:' .. branch, id)
    call('zrem', P .. 'hidden:' .. branch, id)
    call('zrem', P .. 'numbers:' .. branch, number .. ':' .. id)
    call('unlink', P .. 'record:' .. id)
    if base ~= '' and call('hincrby', P .. 'needs', base, -1) <= 0 then
        call('hdel', P .. 'needs', base)
    end
end)
each(function (id)
    local key = P .. 'branch:' .. id
    local root, parent, children =
        unpack(call('hmget', key, 'root', 'parent', 'children'))
    if not root or tonumber(children or 0) > 0
        or call('exists', P .. 'order:' .. id, P .. 'hidden:' .. id) > 0 then return end
    call('del', key)
    call('srem', P .. 'family:' .. root, id)
    if parent then call('hincrby', P .. 'branch:' .. parent, 'children', -1) end
end)
"""
)
"""Delete what nothing needs; three lists, each after its length: records to hide,
records and branches, the newest first.
"""
