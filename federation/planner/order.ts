import type { PlanNode } from '../plan.ts'
import type { Fetch } from './fetch-tree.ts'
import { conditionsText, type Condition } from './wanted.ts'

/**
 * Puts fetches into an order: those that do not need each other side by side, in as few rounds as their dependencies
 * allow. What asks one subgraph for entities in one round, under the same conditions, goes to `write` together: fewer calls
 * are worth more than that nothing waits for another's round.
 */
export const inOrder = (
  fetches: readonly Fetch[], write: (together: readonly Fetch[]) => PlanNode,
): PlanNode | undefined => oneByOne(rounds(fetches).flatMap((round) =>
  sideBySide(together(round).map((group) => conditioned(write(group), conditionsOf(group[0]!)))) ?? []))

const together = (round: readonly Fetch[]): Fetch[][] => [...Map.groupBy(round, (fetch) =>
  fetch.entity ? `${fetch.graph} ${conditionsText(conditionsOf(fetch))}` : fetch).values()]

const oneByOne = (nodes: PlanNode[]): PlanNode | undefined =>
  nodes.length < 2 ? nodes[0] : { kind: 'Sequence', nodes }

const sideBySide = (nodes: PlanNode[]): PlanNode | undefined =>
  nodes.length < 2 ? nodes[0] : { kind: 'Parallel', nodes }

/** A fetch comes after those that it needs, which were found before it. */
const rounds = (fetches: readonly Fetch[]): Fetch[][] => {
  const round = new Map<Fetch, number>()
  const all: Fetch[][] = []
  for (const fetch of fetches) {
    const index = Math.max(-1, ...[...fetch.after].map((one) => round.get(one) ?? -1)) + 1
    round.set(fetch, index)
    ;(all[index] ??= []).push(fetch)
  }
  return all
}

/** Conditions without which the fetch's object is not there, and those that everything it selects is under. */
const conditionsOf = ({ conditions, selection }: Fetch): Condition[] => {
  const all = new Map(conditions.map((condition) => [conditionsText([condition]), condition]))
  const entries = [selection, ...selection.on.values()].flatMap(({ fields }) => [...fields.values()])
  const [first, ...others] = entries
  for (const condition of selection.typename ? [] : first?.conditions ?? []) {
    const text = conditionsText([condition])
    if (others.every((entry) => entry.conditions.some((one) => conditionsText([one]) === text))) all.set(text, condition)
  }
  return [...all.values()]
}

const conditioned = (node: PlanNode, conditions: readonly Condition[]): PlanNode =>
  conditions.reduceRight<PlanNode>((inner, { variable, value }) =>
    ({ kind: 'Condition', condition: variable, ...value ? { ifClause: inner } : { elseClause: inner } }), node)
