/** What a source gives, or has given. */
type Pulled = IteratorResult<unknown>

/** Events looked at before the next source takes over, whether or not it is known where it is. */
const mostCompared = 1_000
/** So many events in a row must be the same in both sources: one could be equal by chance. */
const enough = 2
const done = { done: true, value: undefined } as const

/**
 * Whether two events are the same, as far as can be seen: both have something in common, and it is equal. What only one of them
 * selects is left out.
 */
export function areSame(one: unknown, other: unknown): boolean {
  let leaves = 0
  const agree = (a: unknown, b: unknown): boolean => {
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
      leaves++
      return a === b
    }
    if (Array.isArray(a) !== Array.isArray(b) || (Array.isArray(a) && a.length !== (b as unknown[]).length)) return false
    return Object.keys(a).every((key) => !Object.hasOwn(b, key) || agree((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  }
  return agree(one, other) && leaves > 0
}

/**
 * The events of a source, then of another that has the same events from some moment on. The former one leads until the other has
 * shown by two events where it is, since nobody is told when a subscription has begun: so none is missed, and none comes twice
 * as long as events differ in what both sources select.
 *
 * @param pull what the former source was asked for already
 * @param onSwitch called before the first event that is the next source's
 */
export function handOver(
  former: AsyncIterator<unknown>, pull: Promise<Pulled> | undefined, next: AsyncIterator<unknown>, onSwitch: () => void,
): AsyncIterator<unknown, undefined> {
  const events = eventsOf(former, pull, next, onSwitch)
  return {
    next: () => events.next(),
    // A generator's own `return` would wait for the event that it waits for.
    return: async () => {
      await Promise.all([former.return?.(), next.return?.()])
      await events.return(undefined)
      return done
    },
  }
}

async function* eventsOf(
  former: AsyncIterator<unknown>, pull: Promise<Pulled> | undefined, next: AsyncIterator<unknown>, onSwitch: () => void,
): AsyncGenerator<unknown, undefined> {
  const given: unknown[] = []
  const held: unknown[] = []
  let fromNext: Promise<Pulled> | undefined
  let fromFormer = pull
  let isOver = false
  try {
    for (let known = false; !known;) {
      // One that fails has ended: the next one goes on.
      fromFormer = (fromFormer ?? former.next()).catch(() => done)
      if (held.length <= given.length) fromNext ??= next.next()
      const first = await Promise.race([fromFormer.then((pulled) => ({ pulled, of: given })), ...fromNext ? [fromNext.then((pulled) => ({ pulled, of: held }))] : []])
      if (first.pulled.done) {
        isOver = first.of === held
        break
      }
      first.of.push(first.pulled.value)
      if (first.of === given) {
        fromFormer = undefined
        yield first.pulled.value
      } else fromNext = undefined
      const repeated = repeatedBy(held, given)
      known = repeated !== undefined && repeated >= enough && repeated <= held.length || given.length >= mostCompared
    }
    void former.return?.()
    onSwitch()
    let repeated = repeatedBy(held, given) ?? 0
    for (const event of held) {
      if (repeated > 0) repeated--
      else yield event
    }
    const rest = given.slice(given.length - repeated)
    while (!isOver) {
      const pulled: Pulled = await (fromNext ?? next.next())
      fromNext = undefined
      if (pulled.done) return
      if (rest.length > 0 && areSame(rest.shift(), pulled.value)) continue
      rest.length = 0
      yield pulled.value
    }
  } finally {
    void former.return?.()
    void next.return?.()
  }
}

/** How many of the last events given the next source has (at first, or begins to have); undefined where that is not to be seen. */
function repeatedBy(held: readonly unknown[], given: readonly unknown[]): number | undefined {
  if (held.length === 0) return undefined
  // Of several ways the one with the fewest: an event that comes again does less harm than one that never comes.
  for (let count = 1; count <= given.length; count++)
    if (given.slice(given.length - count).every((event, at) => at >= held.length || areSame(event, held[at]))) return count
  return undefined
}
