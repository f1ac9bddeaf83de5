import { random as seeded, type Random } from '../../federation/differential/random.ts'
import { article, articles, buyer, opinion, opinionsOfArticle, opinionsOfBuyer, opinionScore, rooms, type Remote } from './market.ts'

/** What must be answered: a value, and which subgraphs it cannot come without. */
export type Expected =
  | { kind: 'leaf'; value: unknown; needs: readonly Remote[] }
  | { kind: 'object'; fields: Record<string, Expected>; needs: readonly Remote[] }
  | { kind: 'list'; items: Expected[]; needs: readonly Remote[] }

export interface Operation {
  query: string
  variables: Record<string, unknown>
  /** Of `data`. */
  expected: Expected
  /** The field that comes and goes with the supergraph's generations, if any is selected. */
  generational: boolean
}

/** A shape of a selection, and what it selects of one entity. */
interface Selection {
  text: string
  of(key: number, needs: readonly Remote[]): Expected
}

type Field = [text: string, name: string, of: (key: number) => Expected]

const leaf = (value: unknown, ...needs: Remote[]): Expected => ({ kind: 'leaf', value, needs })

const selectionOf = (fields: Field[]): Selection => ({
  text: `{ ${fields.map(([text]) => text).join(' ')} }`,
  of: (key, needs) => ({ kind: 'object', needs, fields: Object.fromEntries(fields.map(([, name, of]) => [name, of(key)])) }),
})

/** Each of them with some probability, and at least the first. */
const some = (random: Random, fields: Field[], probability = 0.6): Field[] => fields.filter((_, place) => place === 0 || random.next() < probability)

interface Shape {
  random: Random
  /** Selects `gN` of entities that have it. */
  generation: number | undefined
}

function articleShape(shape: Shape, depth: number): Selection {
  const { random, generation } = shape
  const fields: Field[] = some(random, [
    ['upc', 'upc', (upc) => leaf(`${upc}`)],
    ['title', 'title', (upc) => leaf(article(upc).title, 'catalog')],
    ['price', 'price', (upc) => leaf(article(upc).price, 'catalog')],
    // One call has both fields of stock, and waits for what one of them needs.
    ['inStock', 'inStock', (upc) => leaf(article(upc).inStock, 'stock', 'catalog')],
    ['shipping', 'shipping', (upc) => leaf(article(upc).shipping, 'stock', 'catalog')],
    ['heavy: weight', 'heavy', (upc) => leaf(article(upc).weight, 'catalog')],
  ])
  if (generation !== undefined) fields.push([`g${generation}`, `g${generation}`, (upc) => leaf(generation * 1000 + upc, 'catalog')])
  if (depth > 0 && random.next() < 0.7) {
    const opinions = opinionShape(shape, depth - 1)
    const first = 1 + random.below(4)
    fields.push([`opinions(first: ${first}) ${opinions.text}`, 'opinions', (upc) => (
      { kind: 'list', needs: ['opinions'], items: opinionsOfArticle(upc, first).map((id) => opinions.of(id, ['opinions'])) })])
  }
  return selectionOf(fields)
}

function buyerShape(shape: Shape, depth: number): Selection {
  const { random } = shape
  const fields: Field[] = some(random, [
    ['id', 'id', (id) => leaf(`${id}`)],
    ['name', 'name', (id) => leaf(buyer(id).name, 'accounts')],
    ['tier', 'tier', (id) => leaf(buyer(id).tier, 'accounts')],
    ['kind: __typename', 'kind', () => leaf('Buyer')],
  ])
  if (depth > 0 && random.next() < 0.6) {
    const opinions = opinionShape(shape, depth - 1)
    const first = 1 + random.below(4)
    fields.push([`opinionsBy(first: ${first}) ${opinions.text}`, 'opinionsBy', (id) => (
      { kind: 'list', needs: ['opinions'], items: opinionsOfBuyer(id, first).map((each) => opinions.of(each, ['opinions'])) })])
  }
  return selectionOf(fields)
}

function opinionShape(shape: Shape, depth: number): Selection {
  const { random } = shape
  const fields: Field[] = some(random, [
    ['id', 'id', (id) => leaf(`${id}`)],
    ['text', 'text', (id) => leaf(opinion(id).text, 'opinions')],
  ])
  if (random.next() < 0.6) {
    const author = buyerShape(shape, depth - 1)
    fields.push([`author ${author.text}`, 'author', (id) => author.of(opinion(id).author, ['opinions'])])
  }
  if (random.next() < 0.6) {
    const about = articleShape(shape, depth - 1)
    fields.push([`article ${about.text}`, 'article', (id) => about.of(opinion(id).article, ['opinions'])])
  }
  return selectionOf(fields)
}

/** What the events of a room select, beside their number. */
export const entityShapes = (random: Random, generation?: number) => {
  const shape = { random, generation }
  return { article: articleShape(shape, 1), buyer: buyerShape({ random, generation: undefined }, 1) }
}

const list = (items: Expected[], ...needs: Remote[]): Expected => ({ kind: 'list', items, needs })

/**
 * An operation of that shape with other values for its arguments, as literals or variables.
 * @param shapeSeed the same seed gives the same shape
 */
export function operationOf(shapeSeed: number, random: Random, generation?: number): Operation {
  const shape: Shape = { random: seeded(shapeSeed), generation }
  const asVariables = shape.random.next() < 0.5
  const definitions: string[] = []
  const variables: Record<string, unknown> = {}
  const argument = (name: string, type: string, value: string | number): string => {
    if (!asVariables) return `${JSON.stringify(value)}`
    definitions.push(`$${name}: ${type}`)
    variables[name] = value
    return `$${name}`
  }
  const fields: Record<string, Expected> = {}
  const texts: string[] = []
  const count = 1 + shape.random.below(3)
  let generational = false
  for (let place = 0; place < count; place++) {
    const kind = shape.random.below(6)
    const name = `r${place}`
    if (kind === 0) {
      const upc = random.below(articles)
      const of = articleShape(shape, 2)
      texts.push(`${name}: article(upc: ${argument(name, 'ID!', `${upc}`)}) ${of.text}`)
      fields[name] = of.of(upc, ['catalog'])
      generational ||= generation !== undefined
    } else if (kind === 1) {
      const from = random.below(articles)
      const first = 2 + shape.random.below(8)
      const of = articleShape(shape, 1)
      texts.push(`${name}: articles(from: ${argument(name, 'Int!', from)}, first: ${first}) ${of.text}`)
      fields[name] = list(Array.from({ length: first }, (_, each) => of.of((from + each) % articles, ['catalog'])), 'catalog')
      generational ||= generation !== undefined
    } else if (kind === 2) {
      const id = random.below(50)
      const of = buyerShape({ ...shape, generation: undefined }, 2)
      texts.push(`${name}: buyer(id: ${argument(name, 'ID!', `${id}`)}) ${of.text}`)
      fields[name] = of.of(id, ['accounts'])
    } else if (kind === 3) {
      const from = random.below(50)
      const first = 2 + shape.random.below(8)
      const of = buyerShape({ ...shape, generation: undefined }, 1)
      texts.push(`${name}: buyers(from: ${argument(name, 'Int!', from)}, first: ${first}) ${of.text}`)
      fields[name] = list(Array.from({ length: first }, (_, each) => of.of(from + each, ['accounts'])), 'accounts')
    } else if (kind === 4) {
      const room = rooms[random.below(rooms.length)]!
      const of = buyerShape({ ...shape, generation: undefined }, 1)
      texts.push(`${name}: auctioneer(room: ${argument(name, 'ID!', room)}) ${of.text}`)
      fields[name] = of.of(rooms.indexOf(room), ['auction'])
    } else {
      const room = rooms[random.below(rooms.length)]!
      texts.push(`${name}: livestream(id: ${argument(name, 'ID!', room)}) { id category opinionScore }`)
      fields[name] = { kind: 'object', needs: [], fields: { id: leaf(room), category: leaf('vinyl'), opinionScore: leaf(opinionScore(room), 'opinions') } }
    }
  }
  return {
    query: `query Mixed${definitions.length > 0 ? `(${definitions.join(', ')})` : ''} { ${texts.join(' ')} }`,
    variables, generational, expected: { kind: 'object', fields, needs: [] },
  }
}
