/**
 * What people are told of an error. What the language itself throws is a mistake of ours, and its stack says where; all else
 * was written for people.
 */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isOurs = [TypeError, ReferenceError, RangeError, SyntaxError].includes(error.constructor as never)
  return isOurs ? error.stack ?? error.message : error.message
}

/** A process that another one has started did not get to work. */
export class ProcessFailure extends Error {
  override readonly name = 'ProcessFailure'
  readonly exitCode: number

  /** @param words why, as that process said it */
  constructor(words: string, exitCode: number) {
    super(words)
    this.exitCode = exitCode
  }
}
