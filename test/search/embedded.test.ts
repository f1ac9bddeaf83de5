import { openEmbeddedIndex } from '../../search/embedded.ts'
import { entityIndexContract } from './contract.ts'

entityIndexContract('embedded, in memory', async () => {
  const index = await openEmbeddedIndex({ directory: null })
  return { index, dispose: () => index.close() }
})
