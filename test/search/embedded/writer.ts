import { openEmbeddedIndex } from '../../../search/embedded.ts'
import { write } from '../contract/fixture.ts'

/**
 * Writes rounds until it is killed: each touches every livestream and one of the users, deletes another user, and says
 * its number once it is flushed. Texts are long enough that compactions happen on the way.
 */
const [directory, from] = process.argv.slice(2) as [string, string]
const index = await openEmbeddedIndex({ directory })
const filler = 'word '.repeat(400)

for (let round = Number(from); ; round++) {
  await index.upsert(Array.from({ length: 300 }, (_, n) =>
    write('livestream', `l-${n}`, { currentBid: round, description: `${filler}${n}` }, { 'space-a': new Float32Array(8).fill(round) })))
  await index.upsert([write('user', `u-${round}`, { name: `user of ${round}` })])
  await index.delete([{ kind: 'user', id: `u-${round - 1}` }])
  await index.flush()
  process.stdout.write(`${round}\n`)
}
