import { readFileSync } from 'node:fs'
import { schemaPath } from './load.ts'

/** Where the composed supergraph is committed. */
export const supergraphPath = schemaPath('supergraph.graphql')

/** The committed supergraph of Freshet's own subgraphs. */
export const committedSupergraph = (): string => readFileSync(supergraphPath, 'utf8')
