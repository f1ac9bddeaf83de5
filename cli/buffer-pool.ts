/**
 * Small buffers are cut out of pools, of 64 KiB each since Node 24, and one piece that lives on for some seconds keeps its whole pool:
 * V8 then marks the whole heap twice as often, for memory outside of it. This is the size that pools had before.
 */
Buffer.poolSize = 8 * 1024
