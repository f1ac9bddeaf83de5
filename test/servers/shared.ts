import { randomBytes } from 'node:crypto'
import { startKafka } from './kafka.ts'
import { startWeaviate } from './weaviate.ts'

/** Addresses of servers that `npm test` has started for all test files: starting them per file takes seconds each. */
export const sharedAddresses = { kafka: 'FRESHET_TEST_KAFKA', weaviate: 'FRESHET_TEST_WEAVIATE' } as const

export interface SharedKafka {
  brokers: string[]
}

export interface SharedWeaviate {
  url: string
  grpcHost: string
  grpcPort: number
}

let ownKafka: Promise<SharedKafka> | undefined
let ownWeaviate: Promise<SharedWeaviate> | undefined

/**
 * The broker of the whole test run, or one of this process's own when the file is run alone; that one ends with the process.
 * Others use it at the same time: prefix topics and groups with `uniquePrefix()`. To kill a broker, start one (`kafka.ts`).
 */
export function sharedKafka(): Promise<SharedKafka> {
  const address = process.env[sharedAddresses.kafka]
  if (address) return Promise.resolve({ brokers: address.split(',') })
  return ownKafka ??= startKafka()
}

/** As `sharedKafka`, for Weaviate: prefix collections with `uniquePrefix()`. */
export function sharedWeaviate(): Promise<SharedWeaviate> {
  const address = process.env[sharedAddresses.weaviate]
  if (address) return Promise.resolve(JSON.parse(address) as SharedWeaviate)
  return ownWeaviate ??= startWeaviate()
}

/** A prefix that no other test uses, valid in names of topics, groups and collections (which start with a capital). */
export const uniquePrefix = (): string => `T${randomBytes(6).toString('hex')}`
