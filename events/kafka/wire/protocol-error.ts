/** What brokers refuse appends and fetches with (https://kafka.apache.org/protocol.html#protocol_error_codes). */
const types: Readonly<Record<number, string>> = {
  [-1]: 'UNKNOWN', 1: 'OFFSET_OUT_OF_RANGE', 2: 'CORRUPT_MESSAGE', 3: 'UNKNOWN_TOPIC_OR_PARTITION', 4: 'INVALID_FETCH_SIZE',
  5: 'LEADER_NOT_AVAILABLE', 6: 'NOT_LEADER_FOR_PARTITION', 7: 'REQUEST_TIMED_OUT', 8: 'BROKER_NOT_AVAILABLE', 9: 'REPLICA_NOT_AVAILABLE',
  10: 'MESSAGE_TOO_LARGE', 13: 'NETWORK_EXCEPTION', 17: 'INVALID_TOPIC_EXCEPTION', 18: 'RECORD_LIST_TOO_LARGE', 19: 'NOT_ENOUGH_REPLICAS',
  20: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 21: 'INVALID_REQUIRED_ACKS', 29: 'TOPIC_AUTHORIZATION_FAILED', 31: 'CLUSTER_AUTHORIZATION_FAILED',
  32: 'INVALID_TIMESTAMP', 35: 'UNSUPPORTED_VERSION', 42: 'INVALID_REQUEST', 43: 'UNSUPPORTED_FOR_MESSAGE_FORMAT', 44: 'POLICY_VIOLATION',
  45: 'OUT_OF_ORDER_SEQUENCE_NUMBER', 46: 'DUPLICATE_SEQUENCE_NUMBER', 47: 'INVALID_PRODUCER_EPOCH', 48: 'INVALID_TXN_STATE',
  49: 'INVALID_PRODUCER_ID_MAPPING', 56: 'KAFKA_STORAGE_ERROR', 59: 'UNKNOWN_PRODUCER_ID', 74: 'FENCED_LEADER_EPOCH', 75: 'UNKNOWN_LEADER_EPOCH',
  76: 'UNSUPPORTED_COMPRESSION_TYPE', 78: 'OFFSET_NOT_AVAILABLE', 87: 'INVALID_RECORD', 90: 'PRODUCER_FENCED', 100: 'UNKNOWN_TOPIC_ID',
}

/** A partition's part of an answer says that it was refused. `type` is the protocol's name for it. */
export class KafkaProtocolError extends Error {
  override readonly name = 'KafkaProtocolError'
  readonly type: string

  constructor(code: number, topic: string, partition: number) {
    const type = types[code] ?? `ERROR_${code}`
    super(`Kafka answered ${type} for ${topic}/${partition}`)
    this.type = type
  }
}

export function assertNoError(code: number, topic: string, partition: number): void {
  if (code !== 0) throw new KafkaProtocolError(code, topic, partition)
}
