import { createHashingEmbedder } from '../search/hashing-embedder.ts'
import type { Filter } from '../search/filter.ts'
import { quantile, type Report, type BenchOptions } from './report.ts'
import { open, operation, startSystem, type Parts, type System } from './system.ts'
import { createWorkload } from './workload.ts'

const search = operation(`query Search($text: String!, $category: String!) {
  searchLivestreams(hybrid: { text: $text }, filter: { status: { eq: LIVE }, category: { eq: $category } }, first: 20) {
    nodes { id title category status seller { name } metrics { viewersNow { value } chats { value } } }
  }
}`)

const texts = ['vintage cards', 'rare signed vinyl', 'gold watches', 'tiny plants', 'lucky first finds', 'blue sneakers', 'grand art', 'boxed toys']
const categories = ['cards', 'vinyl', 'watches', 'plants', 'art', 'toys', 'coins', 'games']

/** What GraphQL adds to a hybrid query with 20 nodes, seller and metrics, beside the same raw calls in the same run. */
export async function run({ quick, on, report }: BenchOptions): Promise<void> {
  if (on.includes('embedded')) await measure('embedded', quick, report)
  if (on.includes('Kafka + Weaviate')) await measure('Kafka + Weaviate', quick, report)
}

async function measure(parts: Parts, quick: boolean, report: Report): Promise<void> {
  await using system = await startSystem(parts)
  const workload = createWorkload(quick ? { livestreams: 2_000, users: 500, sellers: 300 } : { users: 5_000 })
  await open(system, workload.opening(Date.now()))
  const rounds = quick ? 100 : 600

  const variants = { raw: (i: number) => raw(system, i), graphql: (i: number) => throughGraphql(system, i) }
  for (let i = 0; i < 50; i++) for (const ask of Object.values(variants)) await ask(i)

  // Alternating, so that both meet the same machine.
  const times: Record<keyof typeof variants, number[]> = { raw: [], graphql: [] }
  for (let i = 0; i < rounds; i++)
    for (const name of i % 2 ? (['raw', 'graphql'] as const) : (['graphql', 'raw'] as const)) {
      const startedAt = performance.now()
      await variants[name](i)
      times[name].push(performance.now() - startedAt)
    }
  const rawMedian = quantile(times.raw, 0.5)
  const graphqlMedian = quantile(times.graphql, 0.5)
  report.add(`${parts}: hybrid query + 20 nodes, raw index calls, p50`, rawMedian, 'ms')
  report.add(`${parts}: the same through GraphQL, p50`, graphqlMedian, 'ms')
  report.add(`${parts}: GraphQL adds at p50`, graphqlMedian - rawMedian, 'ms', '<= 2')

  const rates = { raw: [] as number[], graphql: [] as number[] }
  for (let turn = 0; turn < 3; turn++)
    for (const name of ['raw', 'graphql'] as const) rates[name].push(await throughput(variants[name], quick ? 1 : 4))
  report.add(`${parts}: GraphQL queries/s against raw queries/s, 16 clients`, quantile(rates.graphql, 0.5) / quantile(rates.raw, 0.5), '×', '>= 0.7')
  report.note(`raw ${quantile(rates.raw, 0.5).toFixed(0)}/s, GraphQL ${quantile(rates.graphql, 0.5).toFixed(0)}/s`)
}

const embedder = createHashingEmbedder()

/** What a program without GraphQL would do: embed, query, fetch the sellers, read the metrics. */
async function raw({ index, gateway }: System, i: number): Promise<void> {
  const text = texts[i % texts.length] as string
  const filter: Filter = { and: [{ field: 'status', op: 'eq', value: 'LIVE' }, { field: 'category', op: 'eq', value: categories[i % categories.length] as string }] }
  const [values] = await embedder.embed([text])
  const { hits } = await index.query({
    kind: 'livestream', filter, limit: 20,
    hybrid: { text, alpha: 0.5, fusion: 'relativeScore', vector: { space: embedder.model, values: values as Float32Array } },
  })
  const sellers = [...new Set(hits.map(({ entity }) => entity.fields.sellerId as string))]
  await index.getMany('seller', sellers)
  const now = Date.now()
  for (const { entity } of hits) gateway.services.view.metrics(`livestream:${entity.id}`, now)
}

async function throughGraphql(system: System, i: number): Promise<void> {
  const { errors } = await system.query(search, { text: texts[i % texts.length], category: categories[i % categories.length] })
  if (errors?.[0]) throw errors[0]
}

async function throughput(ask: (i: number) => Promise<void>, seconds: number): Promise<number> {
  const endsAt = performance.now() + seconds * 1000
  let answered = 0
  const client = async (number: number) => {
    for (let i = number; performance.now() < endsAt; i += 16) {
      await ask(i)
      answered++
    }
  }
  await Promise.all(Array.from({ length: 16 }, (_, number) => client(number)))
  return answered / seconds
}
