import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'

export interface RawStream {
  status: number
  headers: IncomingHttpHeaders
  /** Everything that came so far. */
  readonly text: string
  /** Resolves once this is in the text, with all of it. */
  until(what: string | RegExp): Promise<string>
  /** Resolves once the response is over, with all of it. */
  ended: Promise<string>
  leave(): void
}

/** A response that is read as it comes, byte by byte. */
export function openRaw(url: string, { method = 'POST', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {}): Promise<RawStream> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent: false }, (response: IncomingMessage) => {
      let text = ''
      let over = false
      const waiting = new Set<() => void>()
      const ended = Promise.withResolvers<string>()
      const look = () => waiting.forEach((each) => each())
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        look()
      })
      response.on('close', () => {
        over = true
        ended.resolve(text)
        look()
      })
      response.on('error', () => {})
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        get text() {
          return text
        },
        until: (what) => new Promise((found, missing) => {
          const check = () => {
            if (typeof what === 'string' ? text.includes(what) : what.test(text)) found(text)
            else if (over) missing(new Error(`The stream ended without ${String(what)}: ${text}`))
            else return
            waiting.delete(check)
          }
          waiting.add(check)
          check()
        }),
        ended: ended.promise,
        leave: () => asked.destroy(),
      })
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

export const json = { 'content-type': 'application/json' }
