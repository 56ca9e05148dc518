-- SPDX-License-Identifier: MIT
-- SHA-256 in Lua: a module that scripts load from the disk.
local rounds = {}
local start = {}

-- The first 32 bits of the fractions of roots of primes.
do
    local found, number = 0, 2
    while found < 64 do
        local is_prime = true
        for divisor = 2, math.floor(math.sqrt(number)) do
            if number % divisor == 0 then is_prime = false break end
        end
        if is_prime then
            found = found + 1
            rounds[found] = math.floor((number ^ (1 / 3) % 1) * 2 ^ 32)
            if found <= 8 then start[found] = math.floor((number ^ 0.5 % 1) * 2 ^ 32) end
        end
        number = number + 1
    end
end

local function turn(word, by) return (word >> by | word << (32 - by)) & 0xffffffff end

local function block(state, text, at)
    local w = { string.unpack(">I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4", text, at) }
    for i = 17, 64 do
        local a, b = w[i - 15], w[i - 2]
        w[i] = (w[i - 16] + w[i - 7] + (turn(a, 7) ~ turn(a, 18) ~ a >> 3) +
                (turn(b, 17) ~ turn(b, 19) ~ b >> 10)) & 0xffffffff
    end
    local a, b, c, d, e, f, g, h = table.unpack(state)
    for i = 1, 64 do
        local one = h + (turn(e, 6) ~ turn(e, 11) ~ turn(e, 25)) + (e & f ~ ~e & g) + rounds[i] + w[i]
        local two = (turn(a, 2) ~ turn(a, 13) ~ turn(a, 22)) + (a & b ~ a & c ~ b & c)
        h, g, f, e, d, c, b, a = g, f, e, (d + one) & 0xffffffff, c, b, a, (one + two) & 0xffffffff
    end
    for i, word in ipairs({ a, b, c, d, e, f, g, h }) do
        state[i] = (state[i] + word) & 0xffffffff
    end
end

local sha256 = {}

function sha256.of(text)
    local state = table.move(start, 1, 8, 1, {})
    local bits = #text * 8
    text = text .. "\x80" .. ("\0"):rep((55 - #text) % 64) .. string.pack(">I8", bits)
    for at = 1, #text, 64 do block(state, text, at) end
    return ("%08x"):rep(8):format(table.unpack(state))
end

return sha256
