import { parse, visit, type DefinitionNode, type DocumentNode } from 'graphql'
import { federationNames, isFederation2, knownDirectives } from '../federation-spec.ts'
import { isOfEvents, named, publishResult } from './names.ts'

/**
 * The graph as any subgraph, for composition and to be executed. Key fields, `@external` by the rules of event-driven
 * graphs, come with the event, so they are resolved here.
 */
export const plainSubgraph = (document: DocumentNode): DocumentNode => {
  const names = federationNames(document)
  const externalName = names.directive('external')
  const used = new Set<string>()
  const stripped = visit(document, {
    enter: (node) => {
      if (!('name' in node) || !node.name || !/Type(Definition|Extension)$|^Directive/.test(node.kind)) return undefined
      return isOfEvents(node.name.value) && node.name.value !== publishResult ? null : undefined
    },
    Directive: ({ name }) => {
      if (isOfEvents(name.value) || name.value === externalName) return null
      used.add(name.value)
      return undefined
    },
  })
  const definitions: DefinitionNode[] = [...stripped.definitions]
  const needsResult = definitions.some((node) =>
    'fields' in node && node.fields?.some((field) => 'type' in field && named(field.type) === publishResult))
  const shareable = names.directive('shareable')
  const own = definitions.findIndex((node) => 'name' in node && node.name?.value === publishResult)
  if (own >= 0) definitions.splice(own, 1)
  if (needsResult || own >= 0) {
    used.add(shareable)
    const result = `type ${publishResult} @${shareable} { success: Boolean! }`
    definitions.push(...parse(result, { noLocation: true }).definitions)
  }
  if (!isFederation2(document)) {
    const imports = [...used].filter((name) => knownDirectives.has(name)).map((name) => `"@${name}"`)
    const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: [${imports.join(', ')}])`
    definitions.unshift(...parse(link, { noLocation: true }).definitions)
  }
  return { ...document, definitions }
}
