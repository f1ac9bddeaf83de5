import { Kind, visit, type ConstDirectiveNode, type ConstValueNode, type DocumentNode } from 'graphql'
import { federationNames } from './federation-spec.ts'

/** Minor versions of Federation 2 that composition (0.27) knows. */
const known = 9

/**
 * A subgraph of a newer minor version of Federation 2, as one of the newest that composition knows: what came since says nothing of
 * how operations are planned. `@cacheTag` (2.12), which names answers to the caches of routers, is left out; whatever else is
 * imported that the known version does not have is refused by its name.
 * https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/versions
 */
export const withKnownLink = (document: DocumentNode): DocumentNode => {
  const isNewer = document.definitions.some((node) =>
    (node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION) && node.directives?.some(linksNewer))
  if (!isNewer) return document
  const cacheTag = federationNames(document).directive('cacheTag')
  return visit(document, {
    Directive: (directive) => {
      if (directive.name.value === cacheTag) return null
      return linksNewer(directive as ConstDirectiveNode) ? lowered(directive as ConstDirectiveNode) : undefined
    },
    DirectiveDefinition: ({ name }) => name.value === cacheTag ? null : undefined,
  })
}

const linksNewer = (directive: ConstDirectiveNode): boolean =>
  directive.name.value === 'link' && (directive.arguments ?? []).some(({ name, value }) => name.value === 'url' && versionIn(value) > known)

/** 0: of something else. */
const versionIn = (url: ConstValueNode): number =>
  Number(url.kind === Kind.STRING ? /^https:\/\/specs\.apollo\.dev\/federation\/v2\.(\d{1,9})$/.exec(url.value)?.[1] ?? 0 : 0)

const lowered = (link: ConstDirectiveNode): ConstDirectiveNode => ({
  ...link,
  arguments: link.arguments?.map((argument) => {
    const { name, value } = argument
    if (name.value === 'url' && value.kind === Kind.STRING)
      return { ...argument, value: { ...value, value: value.value.replace(/\d+$/, String(known)) } }
    if (name.value === 'import' && value.kind === Kind.LIST)
      return { ...argument, value: { ...value, values: value.values.filter((item) => importedName(item) !== '@cacheTag') } }
    return argument
  }),
})

const importedName = (item: ConstValueNode): string | undefined => {
  const name = item.kind === Kind.OBJECT ? item.fields.find((field) => field.name.value === 'name')?.value : item
  return name?.kind === Kind.STRING ? name.value : undefined
}
