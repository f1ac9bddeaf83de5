import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sharedWeaviate, uniquePrefix } from '../../test/servers/shared.ts'
import { startProgram, type Gateway } from '../program.ts'
import { quantile, type Report } from '../report.ts'
import { shown, type Measured } from './clients.ts'
import { caseOf, measure, roundsOf, type Timing } from './fan-out.ts'
import { sdlOf } from './topic.ts'
import type { World } from './world.ts'

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

/** `freshet gateway --processes N`, as users start it. */
async function startGateway(count: number, { brokers }: World, folder: string): Promise<Gateway> {
  const { url, grpcHost, grpcPort } = await sharedWeaviate()
  return startProgram(`Freshet, ${count === 1 ? 'one process' : `${count} processes`}`, process.execPath,
    (port) => [main, 'gateway', '--processes', String(count), '--port', String(port)], { cwd: folder, env: () => ({
      FRESHET_DATA_DIR: join(folder, String(count)), FRESHET_KAFKA_BROKERS: brokers.join(','), FRESHET_TOPIC_PREFIX: uniquePrefix(), FRESHET_CURSOR_KEY: 'the same for all processes',
      FRESHET_WEAVIATE_URL: url, FRESHET_WEAVIATE_GRPC_URL: `http://${grpcHost}:${grpcPort}`,
    }) })
}

/** Several processes behind one port, of one alone: on two cores, which they share with the broker and all subscribers. */
export async function processes(world: World, report: Report, timing: Timing): Promise<void> {
  const row = caseOf(timing, 'subscribers of one operation × 200/s', 'one', 1_000, 200)
  const folder = mkdtempSync(join(tmpdir(), 'freshet-bench-'))
  try {
    writeFileSync(join(folder, 'ticks.graphql'), sdlOf(world.topic))
    writeFileSync(join(folder, 'freshet.yaml'), 'pollSeconds: 0\nsubgraphs:\n  ticks:\n    sdl: ./ticks.graphql\n    events: true\n')
    const rounds: [alone: Measured, both: Measured][] = []
    while (rounds.length < roundsOf(timing)) {
      const [alone, both] = [await once(1), await once(2)]
      rounds.push([alone, both])
    }
    const ratio = (of: (measured: Measured) => number): number => quantile(rounds.map(([alone, both]) => of(both) / of(alone)), 0.5)
    const named = `${row.name}, --processes 2, of 1, median of ${rounds.length}`
    report.add(`${named}: messages/s`, ratio(({ rate }) => rate), '×')
    report.add(`${named}: p99`, ratio(({ p99 }) => p99), '×')
    report.add(`${named}: CPU per message`, ratio(({ cpu }) => cpu), '×')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }

  /** One after the other: nothing else is on the cores then. */
  async function once(count: number): Promise<Measured> {
    await using gateway = await startGateway(count, world, folder)
    const measured = await measure(world, gateway, row, timing)
    report.note(`${row.name}: ${gateway.name} ${shown(measured)}`)
    return measured
  }
}
