import type { CategoryWords } from './catalogue.ts'
import { catalogue, countries } from './catalogue.ts'
import type { Latent } from './latent.ts'
import { alignment, blend, randomLatent } from './latent.ts'
import type { Random } from './random.ts'
import { aliasTable, createRandom } from './random.ts'
import { personName, shopName } from './texts.ts'

export interface Category {
  index: number
  label: string
  words: CategoryWords
  centre: Latent
  /** Each topic's own direction, by its name. */
  topics: ReadonlyMap<string, Latent>
}

export interface Person {
  index: number
  id: string
  name: string
  bio: string
  country: string
  /** What the person says to like: mostly true. */
  interests: string[]
  /** Hidden: the direction of the taste. */
  latent: Latent
  /** Hidden: weight of each category, by label; sums to 1. */
  affinities: Record<string, number>
  /** Hidden: attachment to sellers (0 to 1), by the seller's index. */
  loyalties: ReadonlyMap<number, number>
  /** How often the person comes, relative to others. */
  activity: number
  talkative: number
  /** Multiplies the readiness to spend. */
  budget: number
  /** When in the day (0 to 1) the person comes most. */
  peak: number
  /** Registers only when first seen, so that the market always has newcomers. */
  newcomer: boolean
}

export interface Seller {
  index: number
  id: string
  name: string
  description: string
  country: string
  categories: Category[]
  rating: number
  verified: boolean
  /** Hidden: the seller's style. */
  latent: Latent
  /** Hidden: how good the shows are, 0 to 1. */
  quality: number
  /** How many know the seller: Zipf over a rank that follows quality loosely. */
  fame: number
  peak: number
  /** Mean length of a show in seconds. */
  showSeconds: number
  newcomer: boolean
}

export interface People {
  categories: Category[]
  users: Person[]
  sellers: Seller[]
  drawUser: (random: Random) => number
  drawSeller: (random: Random) => number
}

const NEWCOMERS = 0.05
/** The first ones are always known from the start, so that documentation can speak of `user-1`. */
const REGULARS = 10
const TOPIC_WEIGHT = 0.7

/** Everybody in a market. Depends on the seed alone, so a later run meets the same people under the same ids. */
export function populate(seed: number, size: { users: number; sellers: number; categories: number }): People {
  const categories = createCategories(createRandom(seed, 'categories'), size.categories)
  const sellers = createSellers(createRandom(seed, 'sellers'), size.sellers, categories)
  const drawSeller = aliasTable(sellers.map((seller) => seller.fame))
  const users = createUsers(createRandom(seed, 'users'), size.users, categories, sellers, drawSeller)
  return { categories, users, sellers, drawSeller, drawUser: aliasTable(users.map((user) => user.activity)) }
}

function createCategories(random: Random, count: number): Category[] {
  return catalogue.slice(0, count).map((words, index) => ({
    index,
    label: words.label,
    words,
    centre: randomLatent(random),
    topics: new Map(words.topics.map((topic) => [topic, randomLatent(random)])),
  }))
}

/** The direction of some topics of a category. */
export function topicLatent(category: Category, topics: readonly string[]): Latent {
  const weight = TOPIC_WEIGHT / Math.sqrt(Math.max(1, topics.length))
  return blend([
    { weight: 1, latent: category.centre },
    ...topics.map((topic) => ({ weight, latent: category.topics.get(topic) ?? category.centre })),
  ])
}

function createSellers(random: Random, count: number, categories: Category[]): Seller[] {
  const sellers = Array.from({ length: count }, (_, index): Seller => {
    const main = categories[index % categories.length] as Category
    const side = random.pick(categories)
    const quality = Math.min(0.97, Math.max(0.03, 0.5 + 0.2 * random.normal()))
    return {
      index,
      id: `seller-${index + 1}`,
      name: shopName(main.words, random),
      description: `${main.words.topics.slice(0, 3).join(', ')} and more, live from our shop.`,
      country: random.pick(countries),
      categories: random.chance(0.3) && side !== main ? [main, side] : [main],
      rating: Math.round(10 * Math.min(5, Math.max(1, 3 + 2 * quality + 0.3 * random.normal()))) / 10,
      verified: random.chance(0.2 + 0.6 * quality),
      latent: randomLatent(random),
      quality,
      fame: 0,
      peak: random.float(),
      showSeconds: random.between(600, 2_400),
      newcomer: random.chance(NEWCOMERS) && index >= REGULARS,
    }
  })
  // Renown follows quality with much luck; newcomers have none yet.
  const luck = sellers.map((seller) => (seller.newcomer ? -10 : 0) + seller.quality + 0.2 * random.normal())
  const ranked = [...sellers].sort((left, right) => (luck[right.index] as number) - (luck[left.index] as number))
  ranked.forEach((seller, rank) => { seller.fame = 1 / (rank + 2) })
  return sellers
}

function createUsers(
  random: Random, count: number, categories: Category[], sellers: Seller[], drawSeller: (random: Random) => number,
): Person[] {
  return Array.from({ length: count }, (_, index): Person => {
    const liked = random.sample(categories, 1 + random.below(3))
    const weights = liked.map((_, rank) => 1 / (rank + 1))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    const favourites = liked.map((category) => random.sample(category.words.topics, 2))
    const latent = blend([
      ...liked.map((category, rank) => ({
        weight: weights[rank] as number, latent: topicLatent(category, favourites[rank] as string[]),
      })),
      { weight: 0.3, latent: randomLatent(random) },
    ])
    const stated = liked.map((category) => (random.chance(0.85) ? category : random.pick(categories)).label)
    return {
      index,
      id: `user-${index + 1}`,
      name: personName(random),
      bio: `Into ${(favourites[0] as string[]).join(' and ')}.`,
      country: random.pick(countries),
      interests: [...new Set(stated)],
      latent,
      affinities: Object.fromEntries(liked.map((category, rank) => [category.label, (weights[rank] as number) / total])),
      loyalties: drawLoyalties(random, latent, liked, sellers, drawSeller),
      activity: Math.exp(0.8 * random.normal()),
      talkative: random.exponential(1),
      budget: Math.exp(0.5 * random.normal()),
      // Evenings are busier than mornings.
      peak: random.chance(0.7) ? 0.75 + 0.1 * random.normal() : random.float(),
      newcomer: random.chance(NEWCOMERS) && index >= REGULARS,
    }
  })
}

/** Most people are attached to a few sellers, well known ones of their own categories above all. */
function drawLoyalties(
  random: Random, latent: Latent, liked: Category[], sellers: Seller[], drawSeller: (random: Random) => number,
): Map<number, number> {
  const loyalties = new Map<number, number>()
  for (let attempt = random.below(5) * 3; attempt > 0; attempt--) {
    const seller = sellers[drawSeller(random)] as Seller
    const fits = !seller.newcomer && seller.categories.some((category) => liked.includes(category))
    if (fits && random.chance(0.6 + 0.4 * alignment(latent, seller.latent))) loyalties.set(seller.index, random.between(0.3, 1))
  }
  return loyalties
}
