import { Kind, type FieldNode, type FragmentDefinitionNode, type OperationDefinitionNode, type SelectionSetNode } from 'graphql'
import type { Call, EntityGroup, Path, Step } from './compile.ts'
import type { RequiresSelection } from './plan.ts'
import type { SupergraphTypes } from './schema.ts'

/** What the steps so far bring of an object: its fields, each for values of certain types only. */
type Known = KnownField[]

interface KnownField {
  key: string
  /** A value has to satisfy one of each. */
  conditions: readonly (readonly string[])[]
  below: Known
}

/** What is known of the objects at a place, where that depends on the types above them: one entry each. */
type Contexts = Known[][]

/**
 * The first field that a step needs of entities and no step before it fetches for their type, or nothing when the plan is
 * complete. The native planner (0.0.38) can lose such a field, or ask a subgraph by a key that only another one has. What
 * variables exclude counts as fetched.
 */
export const missingRequirement = (step: Step, types: SupergraphTypes): string | undefined =>
  new PlanCheck(types).run(step)

class PlanCheck {
  readonly #root: Known = []
  readonly #types: SupergraphTypes
  /** What calls that are under way will bring; none where each is waited for. */
  #underWay: (() => void)[] | undefined

  constructor(types: SupergraphTypes) {
    this.#types = types
  }

  run(step: Step): string | undefined {
    switch (step.kind) {
      case 'root':
        this.#answered(() => this.#fetched(step.call, undefined, step.aliases, [[this.#root]], []))
        return undefined
      case 'subscription':
        return this.run(step.fetch)
      case 'entities': {
        const groups = step.groups.map((group) => ({ group, places: group.paths.map((path) => this.#at(path)) }))
        for (const { group, places } of groups) {
          const missing = firstOf(group.requires, (one) => this.#missingKey(step.call.service, one))
          if (missing !== undefined) return missing
          for (const { contexts } of places) {
            const missing = contexts.map((known) => this.#missing(group.requires, known, undefined))
              .find((name) => name !== undefined)
            if (missing !== undefined) return missing
          }
        }
        this.#answered(() => {
          for (const { group, places } of groups) {
            for (const { contexts, conditions } of places) this.#bring(step.call, group, contexts, conditions)
          }
        })
        return undefined
      }
      case 'sequence':
        return firstOf(step.steps, (child) => this.run(child))
      case 'parallel':
        return this.#sideBySide(step.steps)
      case 'fields':
        return firstOf([...step.byKey.values()], (child) => this.run(child))
      case 'condition':
        return firstOf([step.then, step.otherwise].filter((child) => child !== undefined), (child) => this.run(child))
    }
  }

  /** None may need what another one brings: the native planner (0.0.38) can have a call wait for one that is beside it. */
  #sideBySide(steps: readonly Step[]): string | undefined {
    const answers: (() => void)[] = []
    this.#underWay = answers
    const missing = firstOf(steps.filter(isCall), (step) => this.run(step))
    this.#underWay = undefined
    const further = missing ?? firstOf(steps.filter((step) => !isCall(step)), (step) => this.run(step))
    for (const answer of answers) answer()
    return further
  }

  #answered(bring: () => void): void {
    if (this.#underWay) this.#underWay.push(bring)
    else bring()
  }

  #at(path: Path): { contexts: Contexts, conditions: readonly string[] | undefined } {
    let contexts: Contexts = [[this.#root]]
    let conditions: readonly string[] | undefined
    for (const segment of path) {
      if (segment === 'item') continue
      if ('types' in segment) {
        conditions = segment.types
        continue
      }
      contexts = contexts.flatMap((known) => this.#below(known.flat(), segment.field, conditions))
      conditions = undefined
    }
    return { contexts, conditions }
  }

  /** What is known of a field's value, for each type that the object may have. */
  #below(known: Known, key: string, only: readonly string[] | undefined): Contexts {
    const fields = known.filter((field) => field.key === key)
    const names = only ?? [...new Set(fields.flatMap(({ conditions }) => conditions.flat()))]
    const contexts = names.map((type) => fields.filter((field) => this.#isFor(field, type)))
    if (!only) contexts.push(fields.filter(({ conditions }) => conditions.length === 0))
    return contexts.filter((one) => one.length > 0).map((one) => one.map(({ below }) => below))
  }

  #isFor({ conditions }: KnownField, type: string): boolean {
    return conditions.every((names) => names.some((name) => this.#types.matches(name, type)))
  }

  /** A field of the first key, where none of the subgraph's keys is part of what it is asked by. */
  #missingKey(service: string, requires: RequiresSelection): string | undefined {
    if (requires.kind !== 'InlineFragment') return undefined
    const keys = this.#types.keysOf(service, requires.typeCondition)
    // What is within a further fragment may be a key.
    if (!keys || requires.selections.some(({ kind }) => kind === 'InlineFragment')) return undefined
    const given = new Set(requires.selections.map((one) => one.kind === 'Field' ? one.alias ?? one.name : undefined))
    if (keys.some((key) => key.every((name) => given.has(name)))) return undefined
    return keys[0]!.find((name) => !given.has(name))
  }

  #missing(requires: readonly RequiresSelection[], known: Known[], type: string | undefined): string | undefined {
    const fields = known.flat()
    return firstOf(requires, (one) => {
      if (one.kind === 'InlineFragment') {
        // Of an interface's values some types may never come this way.
        return this.#types.isObject(one.typeCondition) ? this.#missing(one.selections, known, one.typeCondition) : undefined
      }
      if (one.kind !== 'Field' || one.name === '__typename') return undefined
      const found = fields.filter((field) => field.key === one.name && (type === undefined || this.#isFor(field, type)))
      if (found.length === 0) return one.name
      return one.selections && this.#missing(one.selections, found.map(({ below }) => below), undefined)
    })
  }

  #bring(call: Call, group: EntityGroup, contexts: Contexts, conditions: readonly string[] | undefined): void {
    this.#fetched(call, group.responseKey, group.aliases, contexts, conditions ? [conditions] : [])
  }

  #fetched(
    { document }: Call, field: string | undefined, aliases: ReadonlyMap<string, string>, contexts: Contexts,
    above: readonly (readonly string[])[],
  ): void {
    const fragments = new Map(document.definitions
      .filter((node): node is FragmentDefinitionNode => node.kind === Kind.FRAGMENT_DEFINITION)
      .map((node) => [node.name.value, node]))
    const operation = document.definitions.find((node): node is OperationDefinitionNode =>
      node.kind === Kind.OPERATION_DEFINITION)
    const add = (set: SelectionSetNode, conditions: KnownField['conditions'], into: Known): void => {
      for (const node of set.selections) {
        if (node.kind === Kind.FIELD) {
          const key = keyOf(node)
          const below: Known = []
          into.push({ key: aliases.get(key) ?? key, conditions, below })
          if (node.selectionSet) add(node.selectionSet, [], below)
          continue
        }
        const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : fragments.get(node.name.value)
        const name = fragment?.typeCondition?.name.value
        if (fragment) add(fragment.selectionSet, name === undefined ? conditions : [...conditions, [name]], into)
      }
    }
    const set = field === undefined ? operation?.selectionSet : operation?.selectionSet.selections
      .find((node): node is FieldNode => node.kind === Kind.FIELD && keyOf(node) === field)?.selectionSet
    if (!set) return
    for (const known of new Set(contexts.flat())) add(set, above, known)
  }
}

/** Whether the step ends with one call. */
const isCall = (step: Step): boolean => step.kind === 'condition'
  ? [step.then, step.otherwise].every((child) => child === undefined || isCall(child)) : step.kind === 'root' || step.kind === 'entities'

const keyOf = (node: FieldNode): string => (node.alias ?? node.name).value

const firstOf = <T>(items: readonly T[], find: (item: T) => string | undefined): string | undefined => {
  for (const item of items) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}
