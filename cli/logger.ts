import type { Logger } from '../ingest/observer.ts'

/** Lines for people: time, level where it is not plain, message, details. */
export function consoleLogger(write: (line: string) => void): Logger {
  const line = (mark: string) => (message: string, details?: Readonly<Record<string, unknown>>) => {
    const time = new Date().toISOString().slice(11, 23)
    write(`${time} ${mark}${message}${details ? ` ${describe(details)}` : ''}`)
  }
  return { info: line(''), warn: line('warning: '), error: line('error: ') }
}

const describe = (details: Readonly<Record<string, unknown>>): string =>
  Object.entries(details).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' ')
