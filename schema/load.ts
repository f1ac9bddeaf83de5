import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Kind, parse, print, visit, type DefinitionNode, type DocumentNode } from 'graphql'

/** Path of a file of this room. */
export const schemaPath = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/**
 * The SDL of one of Freshet's own subgraphs: its file, and of `shared.graphql` just what it uses, so that no subgraph
 * declares types that it never serves.
 */
export function loadSubgraphSdl(name: string): string {
  const own = parse(readFileSync(schemaPath(`${name}.graphql`), 'utf8'))
  const shared = parse(readFileSync(schemaPath('shared.graphql'), 'utf8'))
  return print({ kind: Kind.DOCUMENT, definitions: [...own.definitions, ...usedDefinitions(own, shared)] })
}

function usedDefinitions(own: DocumentNode, shared: DocumentNode): DefinitionNode[] {
  const byName = new Map(shared.definitions.map((definition) => ['name' in definition ? definition.name?.value : undefined, definition]))
  const used = new Set<DefinitionNode>()
  const collect = (node: DocumentNode | DefinitionNode) =>
    visit(node, {
      NamedType({ name }) {
        const definition = byName.get(name.value)
        if (!definition || used.has(definition)) return
        used.add(definition)
        collect(definition)
      },
    })
  collect(own)
  return shared.definitions.filter((definition) => used.has(definition))
}
