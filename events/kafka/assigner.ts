import { AssignerProtocol, type GroupMember, type GroupMemberAssignment, type PartitionAssigner } from 'kafkajs'

/** What a member says of itself when it joins. */
export interface Member {
  id: string
  topics: readonly string[]
  /** The partitions that it owned last, and in which generation; the claims of an older generation yield. */
  owned: readonly number[]
  generation: number
}

/**
 * Shares out the partition numbers: evenly (counts differ by one at most), and each number stays with its former owner where
 * evenness allows.
 */
export function share(members: readonly Member[], partitions: number): Map<string, number[]> {
  // Whoever computes it, and in whatever order members are listed, it comes out the same.
  const sorted = [...members].sort((a, b) => b.generation - a.generation || b.owned.length - a.owned.length || (a.id < b.id ? -1 : 1))
  const shares = new Map<string, number[]>(sorted.map(({ id }) => [id, []]))
  if (sorted.length === 0) return shares
  const least = Math.floor(partitions / sorted.length)
  let larger = partitions % sorted.length
  const free = new Set(Array.from({ length: partitions }, (_, partition) => partition))
  for (const { id, owned } of sorted) {
    const kept = shares.get(id)!
    for (const partition of [...owned].sort((a, b) => a - b)) {
      if (!free.has(partition) || kept.length > least || (kept.length === least && larger === 0)) continue
      if (kept.length === least) larger--
      kept.push(partition)
      free.delete(partition)
    }
  }
  for (const partition of free) {
    const smallest = sorted.reduce((a, b) => (shares.get(b.id)!.length < shares.get(a.id)!.length ? b : a))
    shares.get(smallest.id)!.push(partition)
  }
  for (const kept of shares.values()) kept.sort((a, b) => a - b)
  return shares
}

const name = 'freshet'
const version = 1

/**
 * Gives partition n of every topic to the same member, which kafkajs's round robin does not.
 * @param owned what this member owned last, asked at every rebalance
 */
export const partitionAssigner = (partitions: number, owned: () => { partitions: readonly number[]; generation: number }): PartitionAssigner =>
  () => ({
    name,
    version,
    protocol({ topics }) {
      const { partitions: last, generation } = owned()
      const userData = Buffer.from(JSON.stringify({ owned: last, generation }))
      return { name, metadata: AssignerProtocol.MemberMetadata.encode({ version, topics, userData }) }
    },
    async assign({ members }): Promise<GroupMemberAssignment[]> {
      const described = members.map(describe)
      const shares = share(described, partitions)
      return described.map(({ id, topics }) => ({
        memberId: id,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version,
          assignment: Object.fromEntries(topics.map((topic) => [topic, shares.get(id)!])),
          userData: Buffer.alloc(0),
        }),
      }))
    },
  })

function describe({ memberId, memberMetadata }: GroupMember): Member {
  const { topics, userData } = AssignerProtocol.MemberMetadata.decode(memberMetadata)!
  const { owned, generation } = JSON.parse(userData.toString('utf8')) as { owned: number[]; generation: number }
  return { id: memberId, topics, owned, generation }
}
