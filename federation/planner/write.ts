import type { FetchNode, FetchRewrite, RequiresSelection } from '../plan.ts'
import type { Entry, Fetch, Selection } from './fetch-tree.ts'
import type { Supergraph } from './supergraph.ts'
import type { Condition, Wanted } from './wanted.ts'

/** The text of a fetch and what goes with it. `variables` are the operation's variable definitions by their names. */
export const writeFetch = (
  fetch: Fetch, supergraph: Supergraph, variables: ReadonlyMap<string, string>,
): FetchNode => {
  const { graph, kind, entity, selection } = fetch
  const text = new SelectionText()
  const body = text.write(selection)
  const used = [...text.variables]
  const definitions = [
    ...entity ? ['$representations: [_Any!]!'] : [], ...used.flatMap((name) => variables.get(name) ?? []),
  ]
  const header = `${kind}${definitions.length > 0 ? `(${definitions.join(', ')})` : ''}`
  return {
    kind: 'Fetch',
    serviceName: supergraph.graphs.get(graph) ?? graph,
    operationKind: kind,
    variableUsages: used,
    operation: entity
      ? `${header}{_entities(representations: $representations){... on ${entity.as}${body}}}` : `${header}${body}`,
    ...text.renames.length > 0 && { outputRewrites: text.renames },
    ...entity && {
      requires: [{
        kind: 'InlineFragment',
        typeCondition: entity.type,
        selections: [typename, ...requirements(entity.needs, entity.type, supergraph)],
      }],
      ...supergraph.isAbstract(entity.as) && { inputRewrites: [asInterface(entity.as)] },
    },
  }
}

const typename: RequiresSelection = { kind: 'Field', name: '__typename' }

/** Subgraphs know an interface's entities by the interface's name. */
const asInterface = (name: string): FetchRewrite =>
  ({ ValueSetter: { path: [{ TypenameEquals: [name] }, { Key: '__typename' }], setValueTo: name } })

/** What a representation is made of: response keys become the names by which the subgraph knows the fields. */
const requirements = (wanted: readonly Wanted[], type: string, supergraph: Supergraph): RequiresSelection[] =>
  wanted.map((one): RequiresSelection => {
    if (one.kind === 'fragment') {
      const narrower = one.type ?? type
      return {
        kind: 'InlineFragment', typeCondition: narrower, selections: requirements(one.selections, narrower, supergraph),
      }
    }
    const below = supergraph.fieldType(type, one.name)?.name
    return {
      kind: 'Field',
      name: one.key,
      ...one.key !== one.name && { alias: one.name },
      ...one.selections && below !== undefined && {
        selections: [
          ...supergraph.isAbstract(below) ? [typename] : [], ...requirements(one.selections, below, supergraph),
        ],
      },
    }
  })

class SelectionText {
  readonly variables = new Set<string>()
  readonly renames: FetchRewrite[] = []
  readonly #aliases = new Map<Entry, string>()
  #count = 0

  write(selection: Selection): string {
    this.#separate([selection], [])
    return this.#text(selection)
  }

  /**
   * One response key must not have values of different shapes, even for different types. Clients' operations obey this
   * with the types of the supergraph, but a subgraph may be stricter about nulls; and keys and requirements are nobody's.
   */
  #separate(selections: readonly Selection[], path: readonly string[]): void {
    const groups = new Map<string, { key: string, entries: Entry[] }>()
    const taken = new Set<string>()
    for (const entry of selections.flatMap(entriesOf)) {
      const id = `${entry.key} ${entry.type.shape} ${entry.name}${entry.args}`
      let group = groups.get(id)
      if (!group) {
        let key = entry.key
        if (taken.has(key)) {
          key = `_alias_${this.#count++}`
          this.renames.push({
            KeyRenamer: { path: [...path, key].map((one) => ({ Key: one })), renameKeyTo: entry.key },
          })
        }
        taken.add(key)
        groups.set(id, group = { key, entries: [] })
      }
      group.entries.push(entry)
      this.#aliases.set(entry, group.key)
    }
    for (const { key, entries } of groups.values()) {
      this.#separate(entries.flatMap(({ selection }) => selection ?? []), [...path, key])
    }
  }

  #text({ typename: asks, fields, on }: Selection): string {
    const parts = [
      ...[...fields.values()].map((entry) => this.#entry(entry)),
      ...[...on].filter(([, part]) => part.fields.size > 0).map(([type, part]) => `... on ${type}${this.#text(part)}`),
    ]
    if (asks || parts.length === 0) parts.unshift('__typename')
    return `{${parts.join(' ')}}`
  }

  #entry(entry: Entry): string {
    const { name, args, variables, conditions, selection } = entry
    const key = this.#aliases.get(entry) ?? entry.key
    for (const variable of variables) this.variables.add(variable)
    for (const { variable } of conditions) this.variables.add(variable)
    const below = selection ? this.#text(selection) : ''
    const conditioned = `${key === name ? '' : `${key}: `}${name}${args}${directive(conditions[0])}${below}`
    return conditions.slice(1).reduce((text, condition) => `...${directive(condition)}{${text}}`, conditioned)
  }
}

const entriesOf = ({ fields, on }: Selection): Entry[] =>
  [...fields.values(), ...[...on.values()].flatMap(entriesOf)]

const directive = (condition: Condition | undefined): string =>
  condition ? ` @${condition.value ? 'include' : 'skip'}(if: $${condition.variable})` : ''
