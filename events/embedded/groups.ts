/**
 * Membership of groups within one process. The member that came first owns every partition; the others wait behind it in
 * the order of their coming, each with an empty assignment, until it leaves.
 */
export class Groups {
  readonly #members = new Map<string, Member[]>()

  enter(group: string): Member {
    const members = this.#members.get(group) ?? []
    this.#members.set(group, members)
    const member = new Member(() => {
      const at = members.indexOf(member)
      if (at < 0) return
      members.splice(at, 1)
      if (members.length === 0) this.#members.delete(group)
      else if (at === 0) members[0]!.promote()
    })
    members.push(member)
    if (members.length === 1) member.promote()
    return member
  }
}

export class Member {
  /** Aborted once this member has left. */
  readonly #left = new AbortController()
  readonly #promoted = Promise.withResolvers<void>()
  readonly #leave: () => void
  owns = false

  constructor(leave: () => void) {
    this.#leave = leave
  }

  get left(): AbortSignal {
    return this.#left.signal
  }

  /** Resolves when this member owns the partitions, or has left. */
  get promoted(): Promise<void> {
    return this.#promoted.promise
  }

  promote(): void {
    this.owns = true
    this.#promoted.resolve()
  }

  /** What it owned is revoked before the next member gets it. */
  leave(): void {
    if (this.#left.signal.aborted) return
    this.#left.abort()
    this.#promoted.resolve()
    this.#leave()
  }
}
