import { createHash } from 'node:crypto'
import { GraphQLError, Kind, parse, type DocumentNode } from 'graphql'
import type { RecordedOperation } from '../federation/index.ts'
import { isObject } from './json.ts'

/** Operations that somebody has looked at, by id. */
export interface TrustedDocuments {
  documents: ReadonlyMap<string, string>
  /** Whether others are refused. */
  only: boolean
}

/** What a request may say of its document. */
export interface AskedDocument {
  query?: unknown
  /** As the draft "Persisted Documents" of GraphQL over HTTP has it: an id, or `sha256:` and a hash. */
  documentId?: unknown
  /** With `persistedQuery` of the protocol of automatic persisted queries. */
  extensions?: unknown
}

/** The operations of trusted documents. What is no GraphQL is passed over: who asks for it is told. */
export function* operationsOf(documents: TrustedDocuments['documents']): Iterable<RecordedOperation> {
  for (const text of new Set(documents.values())) {
    let document: DocumentNode
    try {
      document = parse(text)
    } catch {
      continue
    }
    for (const definition of document.definitions)
      if (definition.kind === Kind.OPERATION_DEFINITION) yield { document, operationName: definition.name?.value }
  }
}

/** Characters of all remembered queries together. */
const maxRemembered = 16 * 1024 * 1024

/**
 * Which text a request stands for: sent whole, named by an id of a trusted document, or by the hash of a query that was sent
 * before (automatic persisted queries, as Apollo's clients do it).
 */
export class Documents {
  readonly #trusted: TrustedDocuments
  readonly #trustedTexts: ReadonlySet<string>
  /** By hash; the longest unused first. */
  readonly #remembered = new Map<string, string>()
  readonly #capacity: number
  #size = 0

  constructor({ trusted = { documents: new Map(), only: false }, capacity = maxRemembered }: { trusted?: TrustedDocuments; capacity?: number } = {}) {
    this.#trusted = trusted
    this.#trustedTexts = new Set(trusted.documents.values())
    this.#capacity = capacity
  }

  /**
   * The request with the text for which it stands, and without its hash. One that names no document stays as it is.
   * @throws GraphQLError with a code and, for transports over HTTP, a status
   */
  resolve<Asked extends AskedDocument>(asked: Asked): Asked {
    const query = this.#textOf(asked)
    const { extensions } = asked
    if (isObject(extensions) && 'persistedQuery' in extensions) {
      const { persistedQuery: _, ...others } = extensions
      return { ...asked, query, extensions: others }
    }
    return query === undefined || query === asked.query ? asked : { ...asked, query }
  }

  #textOf({ query, documentId, extensions }: AskedDocument): string | undefined {
    const whole = typeof query === 'string' && query !== '' ? query : undefined
    if (documentId !== undefined && documentId !== null) return this.#byId(documentId, whole)
    const hash = hashIn(extensions)
    if (hash !== undefined) return this.#byHash(hash, whole)
    if (whole !== undefined && this.#trusted.only && !this.#trustedTexts.has(whole)) throw notTrusted()
    return whole
  }

  #byId(id: unknown, whole: string | undefined): string {
    if (whole !== undefined) throw refusal('BAD_REQUEST', 'A request has either a "query" or a "documentId", not both.')
    const text = typeof id === 'string' ? this.#trusted.documents.get(id) ?? this.#trusted.documents.get(id.replace(/^sha256:/, '')) : undefined
    if (text === undefined) throw refusal('DOCUMENT_NOT_FOUND', 'No trusted document has the id that the request names; the manifest may be older than the client.', 404)
    return text
  }

  #byHash(hash: string, whole: string | undefined): string {
    if (whole !== undefined && createHash('sha256').update(whole).digest('hex') !== hash)
      throw refusal('PERSISTED_QUERY_HASH_MISMATCH', 'The hash is not that of the query: expected SHA-256 of its UTF-8 bytes, in lower-case hex.')
    const trusted = this.#trusted.documents.get(hash)
    if (trusted !== undefined) return trusted
    if (this.#trusted.only) {
      if (whole !== undefined && this.#trustedTexts.has(whole)) return whole
      throw notTrusted()
    }
    const text = whole ?? this.#remembered.get(hash)
    // Clients know this message, and send the query as well then; the status is that of an answer.
    if (text === undefined) throw refusal('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound', 200)
    this.#remember(hash, text)
    return text
  }

  #remember(hash: string, text: string): void {
    if (text.length > this.#capacity) return
    if (!this.#remembered.delete(hash)) this.#size += text.length
    this.#remembered.set(hash, text)
    for (const [oldest, { length }] of this.#remembered) {
      if (this.#size <= this.#capacity) return
      this.#remembered.delete(oldest)
      this.#size -= length
    }
  }

  /** Whether the search part of a GET need not be looked at. */
  passes(search: string): boolean {
    return !this.#trusted.only && !/persistedQuery|documentId/.test(search)
  }
}

/** @throws GraphQLError for another version of the protocol, or what is no hash */
function hashIn(extensions: unknown): string | undefined {
  const persisted = isObject(extensions) ? extensions.persistedQuery : undefined
  if (persisted === undefined || persisted === null) return undefined
  const { version, sha256Hash } = isObject(persisted) ? persisted : {}
  if (version !== 1 || typeof sha256Hash !== 'string' || !/^[0-9a-f]{64}$/.test(sha256Hash))
    throw refusal('BAD_REQUEST', 'Expected "persistedQuery" in the extensions as {"version": 1, "sha256Hash": "…"}, the hash as 64 hex digits in lower case.')
  return sha256Hash
}

const refusal = (code: string, message: string, status = 400): GraphQLError => new GraphQLError(message, { extensions: { code, http: { status } } })

const notTrusted = (): GraphQLError =>
  refusal('DOCUMENT_NOT_TRUSTED', 'Only documents of the server\'s manifest are answered here; name one by its id ("documentId").', 403)

/** A manifest of trusted documents that is not what it should be. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError'
}

/**
 * Reads a manifest: `{ "ID": "query …" }`, or Apollo's `{ "format": "apollo-persisted-query-manifest", "operations": [{ id, body }] }`.
 * @throws ManifestError
 */
export function readManifest(text: string): ReadonlyMap<string, string> {
  let manifest: unknown
  try {
    manifest = JSON.parse(text)
  } catch (error) {
    throw new ManifestError(`it is no JSON: ${(error as Error).message}`)
  }
  if (!isObject(manifest)) throw new ManifestError('expected an object of documents by their ids, as {"ID": "query …"}')
  const entries = Array.isArray(manifest.operations)
    ? manifest.operations.map((operation: unknown, index) => isObject(operation) ? [operation.id, operation.body] : [`operations[${index}]`, undefined])
    : Object.entries(manifest)
  return new Map(entries.map(([id, body]) => {
    if (typeof id !== 'string' || typeof body !== 'string')
      throw new ManifestError(`expected the text of a document under ${JSON.stringify(id)}, got ${JSON.stringify(body)?.slice(0, 100)}`)
    return [id, body]
  }))
}
