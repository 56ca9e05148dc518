-- SPDX-License-Identifier: MIT
-- Numbers as the C library prints, reads and computes them. Lines that begin with "= " are compared.
local function say(...) print("=", ...) end

say(0.1 + 0.2, 1e15, 1e16, 2 ^ 53, -0.0, 1 / 0, -1 / 0, 123456789012345678)
say(("%.17g %.3f %10.4e %-8g| %+d %x %o %5.1f%%"):format(0.1, 2.5, 12345.678, 1e-5, 42, 255, 8, 99.95))
say(("%a %a"):format(1, 0.1), ("%.0f %.0f %.0f"):format(0.5, 1.5, 2.5), ("%5s|%-5s|%.2s"):format("a", "b", "cde"))
say(tonumber("0x1p-4"), tonumber("1e308"), tonumber("1e309"), tonumber("  12  "), tonumber("1 2"), tonumber("z", 36))
say(math.maxinteger, math.mininteger, math.maxinteger + 1 == math.mininteger, 5 // 0.0, pcall(function() return 5 // 0 end))
say(math.tointeger(3.0), math.tointeger(3.5), math.ult(1, -1), math.fmod(-7, 3), 3 | 4.0)

local function round(value) return ("%.12g"):format(value) end

for _, name in ipairs({ "sin", "cos", "tan", "asin", "acos", "atan", "exp", "sqrt" }) do
    local sum = 0
    for i = 0, 100 do sum = sum + math[name](i / 100) end
    say(name, round(sum))
end
local sum = 0
for i = 1, 1000 do sum = sum + math.log(i, 10) + math.log(i, 2) + i ^ 0.5 end
say("log", round(sum), math.floor(-3.7), math.ceil(-3.7), math.abs(-5), math.pi)

-- Shortest texts lead back to the same number.
local wrong = 0
local state = 12345
for _ = 1, 3000 do
    state = (state * 6364136223846793005 + 1442695040888963407)
    local number = string.unpack("<d", string.pack("<i8", state))
    if number == number and tonumber(("%.17g"):format(number)) ~= number then wrong = wrong + 1 end
end
say("wrong", wrong)

-- Pi to 200 digits, by a spigot.
local digits, terms = {}, {}
for i = 1, 700 do terms[i] = 2 end
for _ = 1, 200 do
    local carry = 0
    for i = 700, 1, -1 do
        local value = terms[i] * 10 + carry * i
        terms[i], carry = value % (2 * i - 1), value // (2 * i - 1)
    end
    terms[1] = carry % 10
    digits[#digits + 1] = carry // 10
end
for i = #digits, 2, -1 do
    if digits[i] > 9 then digits[i], digits[i - 1] = digits[i] - 10, digits[i - 1] + 1 end
end
say(table.concat(digits))
