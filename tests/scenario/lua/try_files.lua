-- SPDX-License-Identifier: MIT
-- Files of the disk, read in Lua's ways. Lines that begin with "= " are compared.
package.path = "lua/?.lua"
local sha256 = require("sha256")

local function say(...) print("=", ...) end

say(#arg, arg[0], arg[1], arg[2])
say(sha256.of(""), sha256.of("abc"))
for _, name in ipairs({ "sizes/0", "sizes/1", "sizes/4097", "lua/sha256.lua", "links/short" }) do
    local file = assert(io.open(name, "rb"))
    local text = file:read("a")
    say(name, #text, sha256.of(text), file:seek("end"), file:seek("set", 3), #(file:read(10) or ""))
    file:close()
end

local lines, words, longest = 0, 0, ""
for line in io.lines("lines") do
    lines = lines + 1
    for word in line:gmatch("%a+") do
        words = words + 1
        if #word > #longest then longest = word end
    end
end
say(lines, words, longest)

say(io.open("nothing"))
say(pcall(io.lines, "nothing"))
say(io.type(io.stdout), io.type(42), tostring(io.read("l")))
say(pcall(require, "no.such.module") == false)
say(os.getenv("HOME") == nil or "an environment")
say(type(os.time()), os.date("!%Y-%m-%d %H:%M:%S", 1600000000))

-- Every buffer size gives the same bytes.
local whole = io.open("sizes/300000", "rb"):read("a")
for _, size in ipairs({ 1000, 4096, 65536, 299999 }) do
    local file = io.open("sizes/300000", "rb")
    local parts = {}
    file:setvbuf("full", size)
    for part in function() return file:read(size) end do parts[#parts + 1] = part end
    say(size, #parts, table.concat(parts) == whole)
    file:close()
end
