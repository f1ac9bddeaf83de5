/** What kafkajs throws: its errors carry a `type` (the protocol's name) or a `code` (the system's), often inside a `cause`. */
export interface Failure {
  name: string
  message: string
  /** The protocol's name for it, such as NOT_LEADER_FOR_PARTITION. */
  type?: string
  /** The system's name for it, such as ECONNREFUSED. */
  code?: string
}

/** The innermost error: kafkajs wraps what its own retries gave up on. */
export function failureOf(error: unknown): Failure {
  let inner = error
  while (inner instanceof Error && inner.cause instanceof Error && inner.cause !== inner) inner = inner.cause
  if (!(inner instanceof Error)) return { name: 'Error', message: String(inner) }
  const { name, message } = inner
  const { type, code } = inner as { type?: unknown; code?: unknown }
  return { name, message, ...(typeof type === 'string' ? { type } : {}), ...(typeof code === 'string' ? { code } : {}) }
}

/** Refusals that come again however often one asks. */
const permanentTypes = new Set([
  'TOPIC_AUTHORIZATION_FAILED', 'GROUP_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED', 'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'INVALID_TOPIC_EXCEPTION', 'INVALID_GROUP_ID', 'INVALID_CONFIG', 'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR', 'POLICY_VIOLATION', 'UNSUPPORTED_VERSION', 'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'INVALID_SESSION_TIMEOUT', 'INCONSISTENT_GROUP_PROTOCOL',
])
const permanentNames = new Set(['TypeError', 'RangeError', 'ReferenceError', 'KafkaJSServerDoesNotSupportApiKey'])

/** Ours: something that does not fit and will not change by itself. */
export class MisfitError extends Error {
  override readonly name = 'MisfitError'
}

/** Whether asking again is useless. Everything else is a broker that is away, starting, moving or overloaded. */
export function isPermanent(error: unknown): boolean {
  const { name, type } = failureOf(error)
  return error instanceof MisfitError || permanentNames.has(name) || (type !== undefined && permanentTypes.has(type))
}

/** Nobody has created it, or it was deleted; or the news of it has not reached this broker yet. */
export const isUnknownTopic = (error: unknown): boolean => failureOf(error).type === 'UNKNOWN_TOPIC_OR_PARTITION'

/**
 * A wrong login, one where none is taken, or an untrusted certificate. At the start that is a mistake in the settings; later it may be a broker that
 * has not loaded its users yet, and is worth asking again.
 */
export function isRefusal(error: unknown): boolean {
  const { name, type, code } = failureOf(error)
  return name === 'KafkaJSSASLAuthenticationError' || type === 'SASL_AUTHENTICATION_FAILED' || type === 'UNSUPPORTED_SASL_MECHANISM' || type === 'ILLEGAL_SASL_STATE' ||
    /^(ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/.test(code ?? '')
}

/** For messages: the protocol's name and kafkajs's words. They never hold credentials. */
export function describeFailure(error: unknown): string {
  const { name, message, type, code } = failureOf(error)
  // That is all that a broker says to whom it expects in another way.
  if (name === 'KafkaJSConnectionClosedError') return `${message} (by a broker that ends, or one that expects TLS or a login: kafka.ssl, kafka.sasl)`
  // OpenSSL's message is a line of its source files, with the reason in its midst.
  const reason = /SSL routines:[^:]*:([^:]+):/.exec(message)?.[1]
  if (reason !== undefined) return `TLS with the broker failed: ${reason}${code === 'ERR_SSL_WRONG_VERSION_NUMBER' ? ' (it speaks no TLS there)' : ''}`
  const label = type ?? code
  return label === undefined || message.includes(label) ? message : `${label}: ${message}`
}
