import type { CategoryWords } from './catalogue.ts'
import { familyNames, givenNames, hooks, remarks, shopWords } from './catalogue.ts'
import type { Random } from './random.ts'

export interface Listing {
  title: string
  description: string
  tags: string[]
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
const slug = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '-')

export const personName = (random: Random): string => `${random.pick(givenNames)} ${random.pick(familyNames)}`

export const shopName = (words: CategoryWords, random: Random): string => random.chance(0.5)
  ? `${random.pick(givenNames)}'s ${capital(random.pick(words.topics))} ${random.pick(shopWords)}`
  : `${random.pick(familyNames)} ${capital(words.label.replaceAll('-', ' '))} ${random.pick(shopWords)}`

/** The words follow the stream's topics, so that text search, hashed text vectors and tastes agree with each other. */
export function listing(words: CategoryWords, topics: readonly string[], random: Random): Listing {
  const quality = random.pick(words.qualities)
  const maker = random.pick(words.makers)
  const main = topics[0] as string
  const title = random.chance(0.5)
    ? `${capital(quality)} ${main} by ${maker}, ${random.pick(hooks)}`
    : `${capital(main)}: ${quality} ${maker}, ${random.pick(hooks)}`
  const [detail, other] = random.sample(words.details, 2)
  return {
    title,
    description: `${capital(quality)} ${topics.join(' and ')} from ${maker} and ${random.pick(words.makers)}. ${capital(detail as string)}, ${other}.`,
    tags: [...new Set([...topics, quality, maker].map(slug))],
  }
}

export const lotTitle = (words: CategoryWords, topics: readonly string[], random: Random): string =>
  `${capital(random.pick(words.qualities))} ${random.pick(words.makers)} ${random.pick(topics)}`

export const remark = (words: CategoryWords, topics: readonly string[], random: Random): string =>
  random.pick(remarks)
    .replace('{topic}', () => random.pick(topics))
    .replace('{maker}', () => random.pick(words.makers))
    .replace('{quality}', () => random.pick(words.qualities))
