-- The loops of scalar.tjs in Lua, for scale: lua scalar.lua FUNCTION N prints the seconds of processor time a call takes.
local loops = {}

function loops.fib(n)
    local a, b = 0, 1
    for i = 1, n do
        a, b = b, a + b
    end
    return a
end

function loops.collatz(n)
    local total, x = 0, 27
    while total < n do
        if x % 2 == 0 then
            x = x // 2
        else
            x = 3 * x + 1
        end
        if x == 1 then
            x = 27
        end
        total = total + 1
    end
    return x
end

function loops.nested(n)
    local total = 0
    for i = 0, n // 100 - 1 do
        for j = 0, 99 do
            total = total + i * j
        end
    end
    return total
end

function loops.sieve(n)
    local flags = {}
    for i = 0, n - 1 do
        flags[i] = true
    end
    local count = 0
    for i = 2, n - 1 do
        if flags[i] then
            count = count + 1
            for j = i * i, n - 1, i do
                flags[j] = false
            end
        end
    end
    return count
end

function loops.list_sort(n)
    local xs = {}
    local steps = 0
    while steps < n do
        local x = 12345
        for i = 1, 64 do
            x = (x * 1103515245 + 12345) % 2147483648
            xs[i] = x
        end
        for i = 2, 64 do
            x = xs[i]
            local j = i - 1
            while j >= 1 and xs[j] > x do
                xs[j + 1] = xs[j]
                j = j - 1
                steps = steps + 1
            end
            xs[j + 1] = x
        end
    end
    return xs[1]
end

function loops.mean(n)
    local total = 0.0
    for i = 0, n - 1 do
        total = total * 0.5 + i / 3.0
    end
    return total
end

function loops.list_sum(n)
    local xs = {}
    for i = 0, n - 1 do
        xs[#xs + 1] = i * 2
    end
    local total = 0
    for _, x in ipairs(xs) do
        total = total + x
    end
    return total
end

function loops.dict_count(n)
    local words = { "a", "bb", "ccc", "dd", "a", "e" }
    local counts = {}
    for i = 0, n - 1 do
        local w = words[i % 6 + 1]
        if counts[w] then
            counts[w] = counts[w] + 1
        else
            counts[w] = 1
        end
    end
    return counts["a"]
end

function loops.strings(n)
    local s = ""
    for i = 1, n do
        s = s .. "x"
        if #s > 50 then
            s = ""
        end
    end
    return #s
end

local loop, n = loops[arg[1]], tonumber(arg[2])
local times = {}
for run = 1, 7 do
    local begin = os.clock()
    loop(n)
    times[run] = os.clock() - begin
end
table.sort(times)
print(times[4])
