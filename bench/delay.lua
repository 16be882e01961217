-- wrk's part of the main job: each connection asks after a random 1 to 30 s, as far as wrk can: the first time
-- too, and with GET, for of an answer to HEAD it waits for the body.
local low, high = 1000, 30000

function init(arguments)
    math.randomseed(os.time())
    if arguments[1] and arguments[2] then
        low, high = tonumber(arguments[1]), tonumber(arguments[2])
    end
end

function delay()
    return math.random(low, high)
end
