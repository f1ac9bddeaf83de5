import type { FetchNode, FetchRewrite, PlanNode, RequiresSelection } from '../plan.ts'
import type { EntityOf, Entry, Fetch, PathSegment, Selection } from './fetch-tree.ts'
import type { Supergraph } from './supergraph.ts'
import type { Condition, Wanted } from './wanted.ts'

/** A plan's node for a fetch, or for fetches of entities that go to one subgraph together. */
export const writeFetches = (
  fetches: readonly Fetch[], supergraph: Supergraph, variables: ReadonlyMap<string, string>,
): PlanNode => {
  const { graph, kind, entity, selection } = fetches[0]!
  const service = { serviceName: supergraph.graphs.get(graph) ?? graph, operationKind: kind }
  const document = (used: ReadonlySet<string>, body: string, own: readonly string[]) => {
    const definitions = [
      ...own.map((name) => `$${name}: [_Any!]!`), ...[...used].flatMap((name) => variables.get(name) ?? []),
    ]
    return {
      variableUsages: [...used],
      operation: `${kind}${definitions.length > 0 ? `(${definitions.join(', ')})` : ''}${body}`,
    }
  }
  if (!entity) {
    const { text, variables: used, renames } = writeSelection(selection)
    const node: FetchNode = {
      kind: 'Fetch', ...service, ...document(used, text, []), ...renames.length > 0 && { outputRewrites: renames },
    }
    return kind === 'subscription' ? { kind: 'Subscription', primary: node } : node
  }
  const groups = fetches.flatMap((fetch) => fetch.entity ? [entityGroup(fetch.entity, fetch.selection, supergraph)] : [])
  const [group] = groups
  if (group && groups.length === 1) {
    const { paths, requires, inputRewrites, outputRewrites } = group
    return {
      kind: 'Flatten',
      path: paths[0]!,
      node: {
        kind: 'Fetch',
        ...service,
        ...document(group.used, `{_entities(representations: $representations)${group.text}}`, ['representations']),
        requires,
        ...inputRewrites && { inputRewrites },
        ...outputRewrites && { outputRewrites },
      },
    }
  }
  // Equal questions about entities at several places are one question.
  const distinct = new Map<string, EntityGroup>()
  for (const one of groups) {
    const id = JSON.stringify([one.text, one.requires, one.inputRewrites])
    const known = distinct.get(id)
    distinct.set(id, known ? { ...known, paths: [...known.paths, ...one.paths] } : one)
  }
  const named = [...distinct.values()].map((one, index) => ({ ...one, alias: `_e${index}`, variable: `_r${index}` }))
  const body = named.map(({ alias, variable, text }) => `${alias}: _entities(representations: $${variable})${text}`)
  const used = new Set(named.flatMap((one) => [...one.used]))
  return {
    kind: 'BatchFetch',
    ...service,
    ...document(used, `{${body.join(' ')}}`, named.map(({ variable }) => variable)),
    entityBatch: {
      aliases: named.map(({ alias, variable, paths, requires, inputRewrites, outputRewrites }) => ({
        alias, representationsVariableName: variable, paths, requires, inputRewrites, outputRewrites,
      })),
    },
  }
}

interface EntityGroup {
  text: string
  used: ReadonlySet<string>
  paths: PathSegment[][]
  requires: RequiresSelection[]
  inputRewrites: FetchRewrite[] | undefined
  outputRewrites: FetchRewrite[] | undefined
}

const entityGroup = (entity: EntityOf, selection: Selection, supergraph: Supergraph): EntityGroup => {
  const { type, as, path, needs } = entity
  const { text, variables, renames } = writeSelection(selection)
  return {
    text: `{... on ${as}${text}}`,
    used: variables,
    paths: [[...path]],
    requires: [{
      kind: 'InlineFragment', typeCondition: type, selections: [typename, ...requirements(needs, type, supergraph)],
    }],
    inputRewrites: supergraph.isAbstract(as) ? [asInterface(as)] : undefined,
    outputRewrites: renames.length > 0 ? renames : undefined,
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

const writeSelection = (
  selection: Selection,
): { text: string, variables: ReadonlySet<string>, renames: FetchRewrite[] } => {
  const writer = new SelectionText()
  const text = writer.write(selection)
  return { text, variables: writer.variables, renames: writer.renames }
}

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
