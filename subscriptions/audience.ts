/** Which events are wanted. */
export interface Wants<E> {
  (event: E): boolean
  /** Every event that is wanted has one of these texts at this path; absent where nothing of the kind can be said. */
  readonly within?: { readonly path: readonly string[]; readonly texts: ReadonlySet<string> } | undefined
}

/** Who wants some events. */
export interface Listener<E> {
  readonly wants: Wants<E>
}

/** Listeners whose filters compare the same field, by the texts of which one has to be there. */
interface Compared<L> {
  path: readonly string[]
  byText: Map<string, Set<L>>
}

/** Those who listen, found by what an event says where their filters allow it: thousands of other ids are not asked. */
export class Audience<E, L extends Listener<E>> {
  readonly #all = new Set<L>()
  /** Nothing is known of their filters but by asking them. */
  readonly #asked = new Set<L>()
  readonly #compared = new Map<string, Compared<L>>()

  get size(): number {
    return this.#all.size
  }

  [Symbol.iterator](): Iterator<L> {
    return this.#all.values()
  }

  add(listener: L): void {
    this.#all.add(listener)
    const { within } = listener.wants
    if (!within) return void this.#asked.add(listener)
    const name = within.path.join('.')
    let compared = this.#compared.get(name)
    if (!compared) this.#compared.set(name, compared = { path: within.path, byText: new Map() })
    for (const text of within.texts) {
      const set = compared.byText.get(text)
      if (set) set.add(listener)
      else compared.byText.set(text, new Set([listener]))
    }
  }

  delete(listener: L): void {
    if (!this.#all.delete(listener) || this.#asked.delete(listener)) return
    const { path, texts } = listener.wants.within!
    const name = path.join('.')
    const { byText } = this.#compared.get(name)!
    for (const text of texts) {
      const set = byText.get(text)!
      set.delete(listener)
      if (set.size === 0) byText.delete(text)
    }
    if (byText.size === 0) this.#compared.delete(name)
  }

  /** Calls with each who wants the event, once. */
  forEach(event: E, call: (listener: L) => void): void {
    for (const listener of this.#asked) if (listener.wants(event)) call(listener)
    for (const { path, byText } of this.#compared.values()) {
      const texts = textsAt(event, path)
      const found = texts.length === 1 ? byText.get(texts[0]!) ?? [] : new Set(texts.flatMap((text) => [...byText.get(text) ?? []]))
      for (const listener of found) if (listener.wants(event)) call(listener)
    }
  }
}

/** What the event has at the path as texts: several where there are lists on the way. */
function textsAt(value: unknown, path: readonly string[], depth = 0): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => textsAt(item, path, depth))
  if (depth === path.length) return value === null || typeof value === 'object' ? [] : [String(value)]
  const key = path[depth]!
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? textsAt((value as Record<string, unknown>)[key], path, depth + 1) : []
}
