import type { EventLog, Positions } from './log.ts'
import { readUpTo } from './read-up-to.ts'

/** So much further back is looked each time that no record was found: most often there are one or two marks at the end. */
const stride = 16

/**
 * Where the last records before `ends` end; `from` where there are none behind it. The ends of a log that has transactions also count
 * what no reader is given, so whoever waits until records are applied would wait for those in vain.
 * @throws the signal's reason when it is aborted first
 */
export async function recordEnds(log: Pick<EventLog, 'read'>, from: Positions, ends: Positions, signal: AbortSignal): Promise<Positions> {
  const found = await Promise.all(Object.entries(ends).map(async ([key, end]) =>
    [key, (from[key] ?? 0) >= end ? end : await recordEnd(log, key, from[key] ?? 0, end, signal)] as const))
  return Object.fromEntries(found)
}

async function recordEnd(log: Pick<EventLog, 'read'>, key: string, from: number, end: number, signal: AbortSignal): Promise<number> {
  for (let back = 1; ; back *= stride) {
    const start = Math.max(from, end - back)
    let found: number | undefined
    for await (const records of readUpTo(log, { [key]: start }, { [key]: end }, { signal })) found = records.at(-1)!.offset + 1
    signal.throwIfAborted()
    if (found !== undefined || start === from) return found ?? from
  }
}
