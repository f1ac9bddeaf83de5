/** What the one who started this process gave it. */
export const argumentsOf = <Arguments extends readonly unknown[]>(): Arguments => JSON.parse(process.argv[2] as string) as Arguments

/** Tells that it is ready, answers questions, and ends with the one who started it. */
export function serve(url: string, answer: (question: unknown) => unknown = memory): void {
  process.on('message', ({ question }: { question: unknown }) => {
    void Promise.resolve(answer(question)).then((answered) => process.send?.(answered ?? null))
  })
  process.once('disconnect', () => process.exit(0))
  process.send?.({ url })
}

/** Resident memory after garbage is collected, bytes. */
async function memory(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return process.memoryUsage.rss()
}
