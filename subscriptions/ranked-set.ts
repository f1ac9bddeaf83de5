interface Node<T> {
  readonly item: T
  readonly size: number
  readonly left: Tree<T>
  readonly right: Tree<T>
}

type Tree<T> = Node<T> | null

/** Negative: a comes first. Zero only for what is the same. */
export type Compare<T> = (a: T, b: T) => number

/**
 * Items in a total order, each with its rank: insertion, removal and the rank of an item take O(log n). It never changes: each
 * step gives another set, which shares all but a path with the former one. A weight-balanced tree (Adams 1993, with the
 * parameters 3 and 2 that Hirai and Yamamoto proved, "Balancing weight-balanced trees", 2011).
 */
export class RankedSet<T> {
  readonly #compare: Compare<T>
  readonly #root: Tree<T>

  private constructor(compare: Compare<T>, root: Tree<T>) {
    this.#compare = compare
    this.#root = root
  }

  static of<T>(items: Iterable<T>, compare: Compare<T>): RankedSet<T> {
    return new RankedSet(compare, balanced([...items].sort(compare)))
  }

  get size(): number {
    return sizeOf(this.#root)
  }

  /** With the item, in place of one that compares equal. */
  with(item: T): RankedSet<T> {
    return new RankedSet(this.#compare, insert(this.#root, item, this.#compare))
  }

  without(item: T): RankedSet<T> {
    return new RankedSet(this.#compare, remove(this.#root, item, this.#compare))
  }

  /** How many come before the item, be it in the set or not. */
  rankOf(item: T): number {
    let rank = 0
    for (let node = this.#root; node;) {
      const order = this.#compare(item, node.item)
      if (order < 0) node = node.left
      else {
        rank += sizeOf(node.left)
        if (order === 0) return rank
        rank++
        node = node.right
      }
    }
    return rank
  }

  /** The first ones, in order. */
  first(count: number): T[] {
    const items: T[] = []
    const path: Node<T>[] = []
    for (let node = this.#root; items.length < count;) {
      for (; node; node = node.left) path.push(node)
      const next = path.pop()
      if (!next) break
      items.push(next.item)
      node = next.right
    }
    return items
  }
}

const sizeOf = (tree: Tree<unknown>): number => tree?.size ?? 0

const node = <T>(left: Tree<T>, item: T, right: Tree<T>): Node<T> =>
  ({ item, left, right, size: sizeOf(left) + sizeOf(right) + 1 })

function balanced<T>(sorted: readonly T[], from = 0, to = sorted.length): Tree<T> {
  if (from >= to) return null
  const middle = (from + to) >> 1
  return node(balanced(sorted, from, middle), sorted[middle] as T, balanced(sorted, middle + 1, to))
}

function insert<T>(tree: Tree<T>, item: T, compare: Compare<T>): Node<T> {
  if (!tree) return node(null, item, null)
  const order = compare(item, tree.item)
  if (order < 0) return balance(insert(tree.left, item, compare), tree.item, tree.right)
  if (order > 0) return balance(tree.left, tree.item, insert(tree.right, item, compare))
  return node(tree.left, item, tree.right)
}

function remove<T>(tree: Tree<T>, item: T, compare: Compare<T>): Tree<T> {
  if (!tree) return null
  const order = compare(item, tree.item)
  if (order < 0) return balance(remove(tree.left, item, compare), tree.item, tree.right)
  if (order > 0) return balance(tree.left, tree.item, remove(tree.right, item, compare))
  if (!tree.left) return tree.right
  if (!tree.right) return tree.left
  const next = leftmost(tree.right)
  return balance(tree.left, next, remove(tree.right, next, compare))
}

function leftmost<T>(tree: Node<T>): T {
  let found = tree
  while (found.left) found = found.left
  return found.item
}

const isTooHeavy = (heavy: Tree<unknown>, light: Tree<unknown>): boolean => sizeOf(heavy) + 1 > 3 * (sizeOf(light) + 1)
const turnsOnce = (inner: Tree<unknown>, outer: Tree<unknown>): boolean => sizeOf(inner) + 1 < 2 * (sizeOf(outer) + 1)

/** One side has grown or shrunk by one. */
function balance<T>(left: Tree<T>, item: T, right: Tree<T>): Node<T> {
  if (right && isTooHeavy(right, left)) {
    if (turnsOnce(right.left, right.right)) return node(node(left, item, right.left), right.item, right.right)
    const inner = right.left as Node<T>
    return node(node(left, item, inner.left), inner.item, node(inner.right, right.item, right.right))
  }
  if (left && isTooHeavy(left, right)) {
    if (turnsOnce(left.right, left.left)) return node(left.left, left.item, node(left.right, item, right))
    const inner = left.right as Node<T>
    return node(node(left.left, left.item, inner.left), inner.item, node(inner.right, item, right))
  }
  return node(left, item, right)
}
