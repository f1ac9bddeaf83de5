import { SingleBar } from 'cli-progress'

/** How far some work has come. On a terminal a bar, elsewhere a line when the work begins. */
export interface Bar {
  show(done: number, total: number, phase?: string): void
  end(): void
}

export function progressBar(name: string, say: (line: string) => void): Bar {
  const bar = process.stderr.isTTY
    ? new SingleBar({ format: '{phase} {bar} {percentage}% | {value}/{total} | {eta_formatted} left', hideCursor: true, etaBuffer: 100 })
    : undefined
  let shown: string | undefined
  return {
    show(done, total, phase = name) {
      if (phase === shown) {
        bar?.setTotal(total)
        bar?.update(done, { phase })
        return
      }
      shown = phase
      bar?.stop()
      if (bar) bar.start(total, done, { phase })
      else say(`${phase}: ${total}`)
    },
    end: () => bar?.stop(),
  }
}
