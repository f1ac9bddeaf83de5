import type { IncomingMessage, ServerResponse } from 'node:http'
import { GraphQLError } from 'graphql'
import { BodyTooLargeError, isJson, notJson, readBody } from '../body.ts'
import type { Door } from '../door.ts'
import { isObject } from '../json.ts'
import { sendJson } from '../respond.ts'

/** What a request asks for. */
export interface Parameters {
  query: string
  operationName?: string
  variables?: Record<string, unknown>
  extensions?: unknown
}

/** The parameters of a request, its document looked up; undefined where the refusal is already sent. */
export async function parametersOf(
  request: IncomingMessage, response: ServerResponse, { documents, settings: { limits } }: Door,
): Promise<Parameters | undefined> {
  if (request.method !== 'GET' && !isJson(request)) {
    sendJson(response, 415, notJson)
    return undefined
  }
  try {
    const raw: unknown = request.method === 'GET' ? fromSearch(request.url) : JSON.parse(await readBody(request, limits.bodyBytes))
    const asked = isObject(raw) ? documents.resolve(raw) : raw
    if (isParameters(asked)) return asked
    sendJson(response, 400, { errors: [{ message: 'The request must have a "query", and may have "variables" (an object) and "operationName".' }] })
  } catch (error) {
    if (error instanceof BodyTooLargeError)
      sendJson(response, 413, { errors: [{ message: error.message, extensions: { code: 'LIMIT_EXCEEDED', limit: 'bodyBytes' } }] }, { connection: 'close' })
    else if (error instanceof GraphQLError) {
      const { http, ...extensions } = error.extensions
      sendJson(response, (http as { status: number }).status, { errors: [{ message: error.message, extensions }] })
    } else sendJson(response, 400, { errors: [{ message: 'The body must be JSON: {"query": "…", "variables": {…}}.' }] })
  }
  return undefined
}

function fromSearch(url = ''): unknown {
  const search = new URL(url, 'http://localhost').searchParams
  const json = (name: string): unknown => {
    const value = search.get(name)
    return value === null ? undefined : JSON.parse(value)
  }
  return {
    query: search.get('query') ?? undefined, documentId: search.get('documentId'), operationName: search.get('operationName') ?? undefined,
    variables: json('variables'), extensions: json('extensions'),
  }
}

const isParameters = (raw: unknown): raw is Parameters => {
  if (typeof raw !== 'object' || raw === null) return false
  const { query, operationName, variables } = raw as Record<string, unknown>
  return typeof query === 'string'
    && (operationName === undefined || operationName === null || typeof operationName === 'string')
    && (variables === undefined || variables === null || (typeof variables === 'object' && !Array.isArray(variables)))
}
