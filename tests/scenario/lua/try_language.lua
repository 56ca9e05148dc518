-- SPDX-License-Identifier: MIT
-- What the interpreter does with memory, stacks and jumps. Lines that begin with "= " are compared.
local function say(...) print("=", ...) end

-- Queens, in coroutines.
local function queens(size)
    local columns, up, down, place = {}, {}, {}, {}
    local function row(number)
        if number > size then coroutine.yield(table.concat(place, " ")) return end
        for column = 1, size do
            if not (columns[column] or up[number + column] or down[number - column]) then
                columns[column], up[number + column], down[number - column] = true, true, true
                place[number] = column
                row(number + 1)
                columns[column], up[number + column], down[number - column] = nil, nil, nil
            end
        end
    end
    return coroutine.wrap(function() row(1) end)
end

local count, first = 0, nil
for solution in queens(7) do
    count, first = count + 1, first or solution
end
say("queens", count, first)

-- Errors, through C and back; deep calls of both kinds.
say(pcall(error, { code = 7 }) == false, select(2, pcall(error, "a reason", 0)))
say(select(2, xpcall(function() local nothing; return nothing.field end, function(text)
    return (text:gsub("^.-:", "", 1))
end)))
local function deep(level) return level == 0 and 0 or 1 + deep(level - 1) end
say(deep(15000), pcall(deep, 1e7) == false)
local function through(level)
    return level == 0 and "bottom" or (("x"):gsub("x", function() return through(level - 1) end))
end
say(through(150), select(2, pcall(through, 250)):match("C stack overflow"))
say(pcall(load, ("("):rep(190) .. "1" .. (")"):rep(190)), load(("("):rep(300) .. "1"))
say(#(("(a)"):rep(30):match(("(.)"):rep(30))))

-- Much that lives shortly, and what is left.
local keep = setmetatable({}, { __mode = "v" })
local live = {}
for i = 1, 40000 do
    local thing = { number = i, text = ("%d:%s"):format(i, ("."):rep(i % 50)) }
    keep[i] = thing
    if i % 1000 == 0 then live[#live + 1] = thing end
end
collectgarbage()
local left = 0
for _ in pairs(keep) do left = left + 1 end
say(left, live[40].text)
local big = ("0123456789"):rep(100000)
say(#big, big:sub(-5), #big:reverse(), big:find("90123", 999900, true))
big = nil
collectgarbage("generational")
say(collectgarbage("count") < 4000)

-- Sorting, closures, strings of bytes, characters.
local names = {}
for i = 1, 3000 do names[i] = ("%05d"):format(i * 7919 % 3001) end
table.sort(names, function(a, b) return a > b end)
say(names[1], names[1500], names[3000], pcall(table.sort, { 3, 1, "x" }))
say(string.pack("<i4>I2z", -2, 513, "text"):byte(1, -1))
say(utf8.char(0x48, 0x20ac, 0x1f600):byte(1, -1), utf8.len("ümläut"), utf8.len("\xff"))
for text in ("key = value, other=  thing"):gmatch("(%w+%s*=%s*%w+)") do say(text) end
say(("%q"):format("line\nand \0 quote \""), tostring(nil), #tostring(print) > 10)
goto done
say("never")
::done::
say(select("#", table.unpack({}, 1, 200)), math.type(3), math.type(3.0), 7 // 2, -7 % 3, 7.5 // 2)
