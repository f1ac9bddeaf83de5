import type { Socket } from 'node:net'
import type { Broker } from 'kafkajs'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

/**
 * Parts of kafkajs 2.2's `Broker` that its types leave out. kafkajs connects, logs in, numbers requests and watches their
 * time; what is in the two kinds of request that are made thousands of times a second is written and read here, because
 * kafkajs does it in some thirty buffers and as many promises each.
 */
interface PooledBroker {
  connectionPool: { getConnection(index: number): Promise<BrokerConnection> }
}

interface BrokerConnection {
  clientId: string
  sasl: unknown
  socket: Socket
  isAuthenticated(): boolean
  authenticate(): Promise<void>
  isConnected(): boolean
  nextCorrelationId(): number
  requestQueue: {
    push(request: {
      entry: Api & { correlationId: number; resolve(answer: { payload: Buffer }): void; reject(error: Error): void }
      expectResponse: true
      requestTimeout: null
      sendRequest(): void
    }): void
  }
}

export interface Api {
  readonly apiKey: number
  readonly apiName: string
  readonly apiVersion: number
}

/** As in kafkajs: fetches wait at the broker, which answers the requests of a connection one after the other. */
const fetchChannel = 1
const otherChannel = 0

/** Of requests that were answered. One in flight for each broker, reader and producer: more would lie about. */
const idle: ByteWriter[] = []
const mostIdle = 8

/**
 * Sends one request and resolves to its answer's body.
 * @throws what kafkajs says of connections that are lost, and of requests that are not answered within `requestTimeout`
 */
export async function exchange(broker: Broker, api: Api, write: (into: ByteWriter) => void): Promise<ByteReader> {
  const { connectionPool } = broker as unknown as PooledBroker
  const connection = await connectionPool.getConnection(api.apiName === 'Fetch' ? fetchChannel : otherChannel)
  if (connection.sasl && !connection.isAuthenticated()) await connection.authenticate()
  if (!connection.isConnected()) throw new Error('the connection to the Kafka broker was closed')
  const writer = idle.pop() ?? new ByteWriter()
  writer.clear()
  const correlationId = connection.nextCorrelationId()
  writer.int32(0)
  writer.int16(api.apiKey)
  writer.int16(api.apiVersion)
  writer.int32(correlationId)
  writer.string(connection.clientId)
  write(writer)
  writer.setInt32(0, writer.length - 4)
  const { payload } = await new Promise<{ payload: Buffer }>((resolve, reject) => {
    connection.requestQueue.push({
      entry: { ...api, correlationId, resolve, reject }, expectResponse: true, requestTimeout: null,
      sendRequest: () => connection.socket.write(writer.written),
    })
  })
  // Only now: what failed may still be on its way out.
  if (idle.length < mostIdle) idle.push(writer)
  return new ByteReader(payload)
}
