import { isObject, type Obj } from '../merge.ts'

export interface EventReaderOptions {
  /** A longer event is skipped; 1 MiB unless said otherwise. */
  maxBytes?: number
  /** Told of what is skipped. */
  report: (problem: Error) => void
}

/**
 * Reads events as producers write them: JSON objects as UTF-8, `{"__typename": "…", …key fields}`. A tombstone (`null`) is no
 * event; what is wrong is skipped, and reported the first, the tenth, the hundredth… time: a producer that is wrong is wrong often.
 */
export const createEventReader = ({ maxBytes = 1024 * 1024, report }: EventReaderOptions): (topic: string, bytes: Uint8Array | null) => Obj | null => {
  const skipped = new Map<string, number>()
  const skip = (topic: string, reason: string): null => {
    const count = (skipped.get(topic) ?? 0) + 1
    skipped.set(topic, count)
    if (Number.isInteger(Math.log10(count))) {
      report(new Error(
        `An event of the topic "${topic}" was skipped: ${reason}. Expected {"__typename": "…", …key fields}.`
        + (count === 1 ? '' : ` ${count} of this topic were skipped so far.`),
      ))
    }
    return null
  }
  return (topic, bytes) => {
    if (bytes === null) return null
    if (bytes.length > maxBytes) return skip(topic, `it has more than ${maxBytes} bytes`)
    try {
      const value: unknown = JSON.parse(decoder.decode(bytes))
      return isObject(value) ? value : skip(topic, 'it is no JSON object')
    } catch {
      return skip(topic, 'it is no valid JSON')
    }
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true })
