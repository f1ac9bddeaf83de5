import type { FormattedExecutionResult } from 'graphql'
import { openStream, type Stream } from './live-client.ts'

/** Subscribes by server-sent events (distinct connections mode). @throws where the answer is no event stream */
export async function openEventStream(
  url: string, body: { query: string; variables?: Record<string, unknown> }, headers: Record<string, string> = {},
): Promise<Stream> {
  const left = new AbortController()
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: left.signal,
  })
  if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
    throw new Error(`expected an event stream, got ${response.status}: ${await response.text()}`)
  const open = openStream(() => left.abort())
  void read(response, open).catch((error: unknown) => open.end([{ message: String(error) }]))
  return open.stream
}

async function read(response: Response, { push, end }: ReturnType<typeof openStream>): Promise<void> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line): [string, string] => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon), line.slice(colon + 1).trimStart()]
      }))
      if (fields.get('event') === 'next') push(JSON.parse(fields.get('data') ?? '') as FormattedExecutionResult)
      if (fields.get('event') === 'complete') return end()
    }
  }
  end([{ message: 'the connection ended before the stream was complete' }])
}
