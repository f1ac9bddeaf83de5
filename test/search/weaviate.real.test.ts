import { describe } from 'node:test'
import { openWeaviateIndex } from '../../search/weaviate.ts'
import { requireReal } from '../servers/available.ts'
import { sharedWeaviate, uniquePrefix } from '../servers/shared.ts'
import { entityIndexContract } from './contract.ts'
import { removeCollections } from './weaviate/server.ts'

describe('on a real server', { skip: requireReal('weaviate'), timeout: 240_000 }, () => {
  entityIndexContract('Weaviate', async () => {
    const { url, grpcHost, grpcPort } = await sharedWeaviate()
    const prefix = uniquePrefix()
    const index = await openWeaviateIndex({ url, grpcUrl: `http://${grpcHost}:${grpcPort}`, prefix })
    await index.open()
    return {
      index,
      dispose: async () => {
        await index.close()
        await removeCollections(url, prefix)
      },
    }
  }, { runs: 100 })
})
