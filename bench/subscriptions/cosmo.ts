import { startCosmo } from '../cosmo.ts'
import { residentOf } from '../resident.ts'
import type { Child } from './child.ts'
import { namesSdl, sdlOf } from './topic.ts'

export interface Events {
  brokers: readonly string[]
  topic: string
  namesUrl: string
}

const key = '@key(fields: "id", resolvable: false)'

/** Cosmo's router with the same event-driven subgraph. @param binary of the router */
export async function cosmo(binary: string, { brokers, topic, namesUrl }: Events): Promise<Child> {
  const gateway = await startCosmo(binary, { brokers, sharing: true, subgraphs: [
    // In an event-driven subgraph it takes no fields but those of a key, and another subgraph has to have them: which it does not ask for them.
    { name: 'ticks', sdl: sdlOf(topic).replace(key, `${key} @key(fields: "id at text", resolvable: false)`) },
    { name: 'names', sdl: namesSdl.replace('name: String!', 'at: String! text: String! name: String!'), url: namesUrl },
  ] })
  return {
    ...gateway,
    ask: <Answer>(question: unknown) => question === 'memory' ? Promise.resolve(residentOf(gateway.pid) * 2 ** 20 as Answer)
      : Promise.reject(new Error(`Cosmo cannot be asked for "${String(question)}", its memory only.`)),
  }
}
