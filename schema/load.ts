import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse, visit, type DefinitionNode, type DocumentNode } from 'graphql'

/** Path of a file of this room. */
export const schemaPath = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** SDL that is put together of files of this room. */
export interface SubgraphSdl {
  sdl: string
  /** Where a line of it comes from, counted from 1. */
  placeOf(line: number): { place: string; line: number }
}

/**
 * The SDL of one of Freshet's own subgraphs: its file as it stands, and behind it, of `shared.graphql`, just what it uses, so that no
 * subgraph declares types that it never serves.
 */
export function loadSubgraph(name: string): SubgraphSdl {
  const text = readFileSync(schemaPath(`${name}.graphql`), 'utf8').trimEnd()
  const sharedText = readFileSync(schemaPath('shared.graphql'), 'utf8')
  const parts = [text]
  const starts = [{ place: `schema/${name}.graphql`, line: 1, at: 1 }]
  let next = text.split('\n').length + 2
  for (const { loc } of usedDefinitions(parse(text), parse(sharedText))) {
    if (!loc) throw new Error('Definitions of shared.graphql have no place: it must be parsed with locations.')
    const part = sharedText.slice(loc.start, loc.end)
    parts.push(part)
    starts.push({ place: 'schema/shared.graphql', line: loc.startToken.line, at: next })
    next += part.split('\n').length + 1
  }
  return {
    sdl: `${parts.join('\n\n')}\n`,
    placeOf: (asked) => {
      const { place, line, at } = starts.findLast((start) => start.at <= asked) ?? starts[0]!
      return { place, line: line + asked - at }
    },
  }
}

export const loadSubgraphSdl = (name: string): string => loadSubgraph(name).sdl

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
