import { entityKinds, type EntityKind } from '../../events/entity.ts'
import { IndexUnavailableError } from '../entity-index.ts'
import { addMissingProperties, createCollection, deleteCollection, readSchema } from './collections.ts'
import { messageIn, type Connection } from './connection.ts'
import { aliasOf, collectionOf, generationIn } from './names.ts'
import { Target } from './target.ts'

/**
 * Generations are numbered collections, one per kind, behind an alias per kind. All processes query and write through the
 * aliases, so a switch reaches them without a word. Three aliases cannot be switched in one step; whoever finds them apart
 * moves the rest forward, as the former generation goes only after all of them are switched.
 */
export class Generations {
  readonly #connection: Connection
  readonly #prefix: string
  /** Numbers that this process has seen or used: none is used twice. */
  #highest = 0

  constructor(connection: Connection, prefix: string) {
    this.#connection = connection
    this.#prefix = prefix
  }

  /** What queries and writes of the serving generation go to. */
  serving(): Target {
    return new Target(this.#connection, (kind) => aliasOf(this.#prefix, kind))
  }

  /** Creates the serving generation where there is none, and brings its properties up to date. */
  async open(signal?: AbortSignal): Promise<void> {
    await this.#connection.within('schema', signal, async (bounded) => {
      const number = Math.max(0, ...(await this.#aliased(bounded)).values()) || 1
      await Promise.all(entityKinds.map(async (kind) => {
        const name = collectionOf(this.#prefix, kind, number)
        const schema = await readSchema(this.#connection, name, bounded)
        if (schema) await addMissingProperties(this.#connection, kind, schema, bounded)
        else await createCollection(this.#connection, kind, name, bounded)
      }))
      await this.#point(number, bounded)
    })
  }

  /** The number of the serving generation. */
  servingNumber(signal?: AbortSignal): Promise<number> {
    return this.#connection.within('read', signal, async (bounded) => {
      const numbers = [...(await this.#aliased(bounded)).values()]
      if (numbers.length === 0) throw new IndexUnavailableError('Weaviate has no serving generation any more: restart Freshet, whose ingest creates it and fills it anew.')
      return Math.max(...numbers)
    })
  }

  /** Creates the next generation's collections. */
  async begin(): Promise<{ number: number; target: Target }> {
    return this.#connection.within('schema', undefined, async (signal) => {
      const number = Math.max(this.#highest, ...(await this.#existing(signal)).map((one) => one.number)) + 1
      this.#highest = number
      await Promise.all(entityKinds.map((kind) => createCollection(this.#connection, kind, collectionOf(this.#prefix, kind, number), signal)))
      return { number, target: new Target(this.#connection, (kind) => collectionOf(this.#prefix, kind, number)) }
    })
  }

  /** Switches to a generation. Older ones are dropped with the former one: whoever was building them has been overtaken. */
  async activate(number: number): Promise<void> {
    await this.#connection.within('schema', undefined, async (signal) => {
      await this.#point(number, signal)
      for (const { name, number: other } of await this.#existing(signal)) {
        if (other < number) await deleteCollection(this.#connection, name, signal)
      }
    })
  }

  async discard(number: number): Promise<void> {
    await this.#connection.within('schema', undefined, async (signal) => {
      for (const kind of entityKinds) await deleteCollection(this.#connection, collectionOf(this.#prefix, kind, number), signal)
    })
  }

  /** Points all aliases to a generation. */
  async #point(number: number, signal: AbortSignal): Promise<void> {
    const aliased = await this.#aliased(signal)
    for (const kind of entityKinds) {
      if (aliased.get(kind) === number) continue
      const alias = aliasOf(this.#prefix, kind)
      const collection = collectionOf(this.#prefix, kind, number)
      const { status, body } = aliased.has(kind)
        ? await this.#connection.rest('PUT', `/aliases/${alias}`, { class: collection }, signal)
        : await this.#connection.rest('POST', '/aliases', { alias, class: collection }, signal)
      // Another process that opens at the same time may have been quicker.
      if (status >= 400 && (await this.#aliased(signal)).get(kind) !== number) {
        throw new IndexUnavailableError(`Weaviate could not point the alias ${alias} to ${collection}: ${messageIn(body)}`)
      }
    }
  }

  /** Which generation each kind's alias names. */
  async #aliased(signal: AbortSignal): Promise<Map<EntityKind, number>> {
    const { body } = await this.#connection.rest('GET', '/aliases', undefined, signal)
    const { aliases } = body as { aliases?: { alias: string; class: string }[] }
    const numbers = new Map<EntityKind, number>()
    for (const kind of entityKinds) {
      const found = aliases?.find(({ alias }) => alias === aliasOf(this.#prefix, kind))
      if (!found) continue
      const number = generationIn(this.#prefix, kind, found.class)
      if (number === null) throw new IndexUnavailableError(`The alias ${found.alias} in Weaviate names ${found.class}, which is none of ` +
        'this program\'s collections. Remove the alias, or use another prefix.')
      numbers.set(kind, number)
    }
    return numbers
  }

  async #existing(signal: AbortSignal): Promise<{ name: string; number: number }[]> {
    const { body } = await this.#connection.rest('GET', '/schema', undefined, signal)
    const { classes } = body as { classes?: { class: string }[] }
    return (classes ?? []).flatMap(({ class: name }) => entityKinds.flatMap((kind) => {
      const number = generationIn(this.#prefix, kind, name)
      return number === null ? [] : [{ name, number }]
    }))
  }
}
