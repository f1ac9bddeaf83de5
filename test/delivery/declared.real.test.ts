import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { requireReal } from '../servers/available.ts'
import { freePorts } from '../servers/ports.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { sharedKafka, uniquePrefix } from '../servers/shared.ts'
import { eventSourceFollower, multipartFollower, webSocketFollower, type Follower } from './followers.ts'
import { singleConnectionFollower } from './single-connection-follower.ts'
import { Replica } from './replicas.ts'

const sdlOf = (topic: string, more = ''): string => `
  type Subscription {
    given: Heart! @edfs__kafkaSubscribe(topics: ["${topic}"])
    givenTo(id: ID!): Heart! @edfs__kafkaSubscribe(topics: ["${topic}"]) @openfed__subscriptionFilter(condition: { IN: { fieldPath: "id", values: ["{{ args.id }}"] } })
  }
  type Mutation { give(id: ID!, n: Int!): edfs__PublishResult! @edfs__kafkaPublish(topic: "${topic}") }
  type Heart @key(fields: "id", resolvable: false) { id: ID! n: Int! ${more} }
`

/** What one subscription has got, in order. */
interface Seen {
  name: string
  wanted: (n: number) => boolean
  numbers: number[]
  faults: unknown[]
}

const idOf = (n: number): string => `h${n % 3}`

/** A topic that nobody else has, and what says on which log it is. */
type Place = () => Promise<{ topic: string; env: Record<string, string> }>

function declaredSuite(name: string, place: Place): void {
  test(`whose SDL changes, and whose gateway is killed with kill -9, ended and started again: nothing is lost, repeated or out of order, on ${name}`, { timeout: 120_000 }, async (t) => {
    await using folder = temporaryDirectory('declared')
    const { topic, env } = await place()
    const sdl = join(folder.path, 'hearts.graphql')
    writeFileSync(sdl, sdlOf(topic))
    writeFileSync(join(folder.path, 'freshet.yaml'), 'pollSeconds: 0\nsubgraphs:\n  hearts:\n    sdl: ./hearts.graphql\n    events: true\n')
    const [port] = await freePorts(1)
    await using freshet = new Replica(['start', '--no-simulate'], { port: port as number, cwd: folder.path, env })
    await freshet.start()

    await using stack = new AsyncDisposableStack()
    const all: Seen[] = []
    let wake = () => {}
    const follow = (follower: Follower, transport: string, query: string, wanted: Seen['wanted']): void => {
      const seen: Seen = { name: `${transport}: ${query}`, wanted, numbers: [], faults: [] }
      all.push(seen)
      follower.follow(query, ({ data, errors, extensions }) => {
        const heart = Object.values(data ?? {})[0] as { n: number } | undefined
        if (errors || extensions?.gap || !heart) seen.faults.push({ errors, gap: extensions?.gap })
        else seen.numbers.push(heart.n)
        wake()
      }, (why) => {
        seen.faults.push(why)
        wake()
      })
    }
    const followers = { 'graphql-ws': webSocketFollower, 'server-sent events': eventSourceFollower, multipart: multipartFollower, 'single-connection streams': singleConnectionFollower }
    for (const [transport, open] of Object.entries(followers)) {
      const follower = stack.use(open({ urlOf: () => freshet.url }))
      follow(follower, transport, 'subscription { given { id n } }', () => true)
      follow(follower, transport, 'subscription { givenTo(id: "h1") { n } }', (n) => idOf(n) === 'h1')
    }

    let sent = 0
    const give = async (count: number): Promise<void> => {
      for (; count > 0; count--) {
        const response = await fetch(`${freshet.url}/graphql`, {
          method: 'POST', headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query: 'mutation ($id: ID!, $n: Int!) { give(id: $id, n: $n) { success } }', variables: { id: idOf(sent), n: sent } }),
        })
        assert.deepEqual(await response.json().then((answer) => (answer as { data: unknown }).data), { give: { success: true } })
        sent++
      }
    }
    const arrived = async (): Promise<void> => {
      const isDone = ({ numbers, faults, wanted }: Seen): boolean => faults.length > 0 || numbers.length >= Array.from({ length: sent }, (_, n) => n).filter(wanted).length
      while (!all.every(isDone)) await new Promise<void>((resolve) => { wake = resolve })
    }

    // They have begun once they have got something of each key: nothing says so before, and of two keys the later event may come first.
    const ids = ['h0', 'h1', 'h2']
    const begun = ({ numbers, wanted }: Seen): Map<string, number | undefined> =>
      new Map(ids.filter((_, n) => wanted(n)).map((id) => [id, numbers.find((n) => idOf(n) === id)]))
    while (all.some((seen) => [...begun(seen).values()].includes(undefined))) await give(3)
    for (const seen of all) {
      const first = begun(seen)
      seen.wanted = (n) => n >= (first.get(idOf(n)) ?? Infinity)
    }
    for (const [life, end] of (['kill', 'stop', 'kill'] as const).entries()) {
      await give(30)
      writeFileSync(sdl, sdlOf(topic, `life${life}: Int`))
      await Promise.all([freshet.reload(), give(30)])
      await freshet[end]()
      await freshet.start()
      await give(30)
      await arrived()
    }
    for (const { name, numbers, faults, wanted } of all) {
      assert.deepEqual(faults, [], name)
      const expected = Array.from({ length: sent }, (_, n) => n).filter(wanted)
      assert.deepEqual(numbers.toSorted((a, b) => a - b), expected, name)
      for (const id of ids) {
        const ofKey = numbers.filter((n) => idOf(n) === id)
        assert.deepEqual(ofKey, ofKey.toSorted((a, b) => a - b), name)
      }
    }
    t.diagnostic(`${sent} events`)
  })
}

describe('subscriptions declared in SDL', () => {
  declaredSuite('the embedded log', async () => ({ topic: 'hearts', env: {} }))
  describe('with a broker', { skip: requireReal('kafka') }, () => {
    declaredSuite('Kafka', async () => {
      const [{ brokers }, prefix] = [await sharedKafka(), uniquePrefix()]
      return { topic: `${prefix}.hearts`, env: { FRESHET_KAFKA_BROKERS: brokers.join(','), FRESHET_TOPIC_PREFIX: prefix, FRESHET_CURSOR_KEY: 'the same after a restart' } }
    })
  })
})
