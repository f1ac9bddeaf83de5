import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedIndex } from '../../search/embedded.ts'
import { entityIndexContract } from './contract.ts'

entityIndexContract('embedded, in memory', async () => {
  const index = await openEmbeddedIndex({ directory: null })
  return { index, dispose: () => index.close() }
})

entityIndexContract('embedded, on disk', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'freshet-index-'))
  const index = await openEmbeddedIndex({ directory })
  return {
    index,
    dispose: async () => {
      await index.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
})
