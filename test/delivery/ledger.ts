import type { Published } from '../support/freshet.ts'

/** An event of a test: its number says when it was made, and is in its id and, where it changes a livestream, in its title. */
export interface Numbered {
  number: number
  type: 'LivestreamStarted' | 'ChatPosted' | 'LivestreamChanged'
  livestream: string
  category?: string
  /** Of a chat, behind its number; of a change, the livestream's description. */
  words?: string
}

export const categories = ['vinyl', 'cards'] as const
/** What is written about, by the number: the first is what `near` asks for, and the second is far from it. */
const matters = ['early jazz recordings on shellac', 'football stickers of the seventies'] as const
export const near = `near: { text: "${matters[0]}", minSimilarity: 0.3 }`
export const titleOf = (number: number): string => `n${String(number).padStart(7, '0')}`
/** Of an event's id or a livestream's title; NaN for those of others. */
export const numberOf = (text: string): number => (/^n\d+$/.test(text) ? Number(text.slice(1)) : NaN)

/** The highest bits of a product with the golden ratio look random. */
const bitOf = (number: number, bit: 30 | 31): 0 | 1 => (Math.imul(number, 2_654_435_761) >>> bit & 1) as 0 | 1
const categoryOf = (number: number): string => categories[bitOf(number, 31)]
const matterOf = (number: number): 0 | 1 => bitOf(number, 30)
/** Of events without words of their own. */
export const isNear = ({ number }: Pick<Numbered, 'number'>): boolean => matterOf(number) === 0

/** Events of one kind of one livestream are in one partition of one topic: their order is kept. */
export const lineOf = ({ type, livestream }: Pick<Numbered, 'type' | 'livestream'>): string => `${type} of ${livestream}`

/** Each livestream is of a seller of its own: of one seller a feed shows no more than two. */
export const toPublished = ({ number, type, livestream, category, words }: Numbered): Published => ({
  id: titleOf(number), source: 'urn:test:delivery', type, subject: `livestream:${livestream}`, time: new Date().toISOString(),
  data: {
    sellerId: `of-${livestream}`,
    ...type === 'ChatPosted'
      ? { userId: 'ada', message: `${titleOf(number)} ${words ?? matters[matterOf(number)]}` }
      : { title: titleOf(number), category, description: words ?? matters[matterOf(number)] },
  },
})

/** Every event that was sent, and what livestreams must look like after them. */
export class Ledger {
  readonly livestreams: readonly string[]
  #next = 0
  readonly #sent: Numbered[] = []
  #doubtful: Numbered[] = []
  readonly #latest = new Map<string, Numbered>()
  readonly #words: string | undefined

  /** @param words that every chat and every change has */
  constructor(livestreams: number, words?: string) {
    this.#words = words
    this.livestreams = Array.from({ length: livestreams }, (_, i) => `l${String(i).padStart(3, '0')}`)
  }

  /** The number of the next event. */
  get next(): number {
    return this.#next
  }

  /** In the order in which they were sent. */
  get sent(): readonly Numbered[] {
    return this.#sent
  }

  /** New events: chats and changes, by which livestreams go to and fro between two categories. */
  make(count: number): Numbered[] {
    return Array.from({ length: count }, () => {
      const number = this.#next++
      const livestream = this.livestreams[Math.floor(number / 2) * 7 % this.livestreams.length] as string
      return number % 2 === 0 ? { number, type: 'ChatPosted', livestream, words: this.#words } : { number, type: 'LivestreamChanged', livestream, category: categoryOf(number), words: this.#words }
    })
  }

  /** What all livestreams begin with: nobody follows these, and each is changed afterwards. */
  opening(): Numbered[] {
    return this.livestreams.map((livestream) => ({ number: this.#next++, type: 'LivestreamStarted', livestream, category: categories[0] }))
  }

  /** One chat and one change of each livestream. */
  round(): Numbered[] {
    return this.livestreams.flatMap((livestream): Numbered[] => {
      const number = (this.#next += 2) - 2
      return [{ number, type: 'ChatPosted', livestream, words: this.#words }, { number: number + 1, type: 'LivestreamChanged', livestream, category: categoryOf(number + 1), words: this.#words }]
    })
  }

  /** The log has these: no reader may miss them. */
  acknowledged(events: readonly Numbered[]): void {
    this.#sent.push(...events)
    this.#remember(events)
  }

  /** Whoever took these died before an answer. */
  doubted(events: readonly Numbered[]): void {
    this.#doubtful.push(...events)
  }

  /** What became of the doubtful ones, once that is known: numbers of those that the log has. */
  settle(there: ReadonlySet<number>): void {
    this.#sent.push(...this.#doubtful.filter(({ number }) => there.has(number)))
    this.#doubtful = []
    this.#sent.sort((a, b) => a.number - b.number)
    this.#remember(this.#sent)
  }

  /** The last change of each livestream. */
  latest(): ReadonlyMap<string, Numbered> {
    return this.#latest
  }

  /** The first livestreams of a category, by title; where it is asked for, only those that are near. */
  listOf(category: string, first: number, { nearOnly = false } = {}): { id: string; title: string }[] {
    return [...this.#latest.values()].filter((event) => event.category === category && (!nearOnly || isNear(event))).sort((a, b) => a.number - b.number).slice(0, first)
      .map(({ livestream, number }) => ({ id: livestream, title: titleOf(number) }))
  }

  #remember(events: readonly Numbered[]): void {
    for (const event of events) if (event.type === 'LivestreamChanged') this.#latest.set(event.livestream, event)
  }
}
