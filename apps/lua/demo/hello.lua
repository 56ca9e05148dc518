-- SPDX-License-Identifier: MIT
-- For `make run SYSTEM=musl`: start lua hello.lua
print("hello from " .. _VERSION .. ", on " .. (arg[1] or "Pith"))
for line in io.lines(arg[0]) do
    if line:match("^%-%- For") then print("I read myself: " .. line) end
end
