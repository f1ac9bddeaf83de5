import { setImmediate as turn } from 'node:timers/promises'
import { buildSchema, execute, parse, type ExecutionResult, type GraphQLSchema } from 'graphql'
import {
  buildSubgraph, composeSubgraphs, CompositionError, createEngine, httpSubgraph, inProcessSubgraph, type Engine,
  type EngineOptions, type EngineRequest, type SubgraphTransport,
} from '../../../federation/index.ts'
import { serveSubgraph, type RemoteSubgraph } from '../remote.ts'
import { difference } from './compare.ts'
import { createOperation, type Operation } from './operations.ts'
import { random } from './random.ts'
import { mergedSdl, subgraphSdl } from './sdl.ts'
import { resolversOf, type Scope } from './values.ts'
import { createWorld, type World } from './world.ts'

export type Mode = 'in process' | 'remote' | 'mixed'
/** Which planner is asked first. */
export type PlannerName = NonNullable<EngineOptions['planner']>
export const planners: readonly PlannerName[] = ['native', 'own']
/** The longest that a timer can wait: 24 days. */
const noLimitMs = 2 ** 31 - 1
export const modes: readonly Mode[] = ['in process', 'remote', 'mixed']

export interface Report {
  cases: number
  /** Worlds whose subgraphs do not compose; they give no cases. */
  unusable: number
  differences: string[]
}

/** Compares random operations over one random world, federated in the given mode, with the same world in one schema. */
export const compareWorld = async (seed: number, operations: number, mode: Mode, planner: PlannerName): Promise<Report> => {
  const report: Report = { cases: 0, unusable: 0, differences: [] }
  const source = random(seed)
  const world = createWorld(seed, source)
  const sdls = world.subgraphs.map((name) => ({ name, typeDefs: subgraphSdl(world, name) }))
    .filter(({ typeDefs }) => /\n(type|interface) /.test(typeDefs))
  let supergraphSdl: string
  try {
    supergraphSdl = composeSubgraphs(sdls).supergraphSdl
  } catch (error) {
    if (!(error instanceof CompositionError)) throw error
    report.unusable++
    return report
  }
  const merged = mergedSchema(world)
  await using disposables = new AsyncDisposableStack()
  const runs = new Map<string, Scope>()
  const subgraphs = new Map<string, SubgraphTransport>()
  for (const [index, { name, typeDefs }] of sdls.entries()) {
    const schema = buildSubgraph({ typeDefs, resolvers: fitting(resolversOf(world, name), typeDefs) })
    if (mode === 'in process' || (mode === 'mixed' && index % 2 === 0)) subgraphs.set(name, inProcessSubgraph({ schema }))
    else {
      const remote: RemoteSubgraph = disposables.use(await serveSubgraph(schema, (headers) =>
        headers['x-run'] === undefined ? { name: String(headers['x-scope']), version: 0 } : runs.get(String(headers['x-run']))))
      // By the clock there is no limit: a machine that stands still must not look like a wrong answer.
      subgraphs.set(name, httpSubgraph({ url: remote.url, timeoutMs: noLimitMs }))
    }
  }
  const engine = createEngine({ supergraphSdl, subgraphs, planCacheSize: 50, planner })
  disposables.defer(() => engine.close())
  const cases = Array.from({ length: operations }, (_, index) => ({
    index, operation: createOperation(engine.schema, source, engine.schema.getMutationType() != null && source.chance(0.2)),
  }))
  const compare = (index: number, operation: Operation, expected: ExecutionResult, actual: ExecutionResult, how: string): void => {
    report.cases++
    const found = difference(jsonOf(expected), jsonOf(actual))
    if (!found) return
    const causes = actual.errors?.flatMap(({ originalError }) => originalError?.message ?? []) ?? []
    report.differences.push(describe(seed, index, `${mode}, ${planner} planner, ${how}`, operation, [found, ...causes].join('\n  because ')))
  }
  const expectedOf = ({ document, variables }: Operation, name: string) =>
    execute({ schema: merged, document, variableValues: variables, contextValue: { name, version: 0 } })
  // All at once: what one operation is told must never reach another.
  await Promise.all(cases.map(async ({ index, operation }) => {
    const name = scopes[index % scopes.length]!
    const run = `${index}`
    runs.set(run, { name, version: 0 })
    const actual = await federated(engine, operation, { context: runs.get(run), headers: { 'x-run': run } })
    compare(index, operation, await expectedOf(operation, name), actual, 'alone')
  }))
  // Again in several scopes, each sharing what is under way; some leave before they are answered.
  await Promise.all(cases.flatMap(({ index, operation: plain }) => [plain, varied(plain)].flatMap((operation) => scopes.flatMap((name) => {
    const expected = expectedOf(operation, name)
    return Array.from({ length: 1 + source.below(2) }, async () => {
      const run = `${index} ${name} ${runs.size}`
      const scope = { name, version: 0 }
      runs.set(run, scope)
      const leave = source.chance(0.25) ? new AbortController() : undefined
      const sharing = { key: name, context: source.chance(0.5) ? () => ({ ...scope }) : undefined }
      for (let turns = source.below(3); turns > 0; turns--) await turn()
      // Its version counts the mutations of a run: they cannot have one scope for all.
      const headers: Record<string, string> = operation.mutation ? { 'x-run': run } : { 'x-scope': name }
      const result = federated(engine, operation, { context: scope, headers, sharing, signal: leave?.signal })
      for (let turns = source.below(6); leave && turns > 0; turns--) await turn()
      leave?.abort()
      const actual = await result
      if (!leave) compare(index, operation, await expected, actual, `shared in ${name}`)
    })
  }))))
  return report
}

/** The same with other values: what does not depend on them is shared all the same. */
const varied = (operation: Operation): Operation => ({
  ...operation,
  variables: Object.fromEntries(Object.entries(operation.variables).map(([name, value]) =>
    [name, typeof value === 'boolean' ? !value : typeof value === 'number' ? value + 1 : value])),
})

const scopes = ['scope 0', 'scope 1', 'scope 2'] as const

const federated = (
  engine: Engine, { document, variables }: Operation, rest: Omit<EngineRequest, 'document'>,
): Promise<ExecutionResult> => engine.execute({ document, variables, ...rest })

const mergedSchema = (world: World): GraphQLSchema => {
  const typeDefs = mergedSdl(world)
  const resolvers = fitting(resolversOf(world), typeDefs)
  // The subgraph builder also makes plain schemas executable; what it adds is not asked for.
  buildSchema(typeDefs)
  return buildSubgraph({ typeDefs, resolvers })
}

/** Those resolvers that the SDL has fields for. */
export const fitting = (resolvers: ReturnType<typeof resolversOf>, sdl: string): ReturnType<typeof resolversOf> => {
  const fields = new Map<string, Set<string>>()
  for (const node of parse(sdl).definitions) {
    if (!('name' in node) || !node.name) continue
    const names = 'fields' in node ? node.fields?.map(({ name }) => name.value) ?? [] : []
    fields.set(node.name.value, new Set(names))
  }
  return Object.fromEntries(Object.entries(resolvers).flatMap(([type, entries]) => {
    const known = fields.get(type)
    if (!known) return []
    if ('serialize' in entries) return [[type, entries]]
    return [[type, Object.fromEntries(Object.entries(entries).filter(([name]) => name.startsWith('__') || known.has(name)))]]
  }))
}

const jsonOf = (result: ExecutionResult): ExecutionResult => JSON.parse(JSON.stringify(result)) as ExecutionResult

const describe = (seed: number, index: number, mode: string, { text, variables }: Operation, found: string): string =>
  `seed ${seed}, operation ${index}, ${mode}\n${text}\n${JSON.stringify(variables)}\n${found}\n`
