import { MultiBar, type SingleBar } from 'cli-progress'
import { writeAbove } from './terminal.ts'

/** How far some work has come. On a terminal a bar for each phase, elsewhere a line when it begins. */
export interface Bar {
  show(done: number, total: number, phase?: string): void
  end(): void
}

/**
 * @param say for the lines of what is no terminal
 * @param amount for people: of what is done, and of all
 */
export function progressBar(name: string, say: (line: string) => void, amount: (count: number) => string = String): Bar {
  if (!process.stderr.isTTY) {
    let said: string | undefined
    return {
      show(_done, total, phase = name) {
        if (phase !== said) say(`${phase}: ${amount(total)}`)
        said = phase
      },
      end: () => {},
    }
  }
  let bars: MultiBar | undefined
  let bar: SingleBar | undefined
  let shown: string | undefined
  return {
    show(done, total, phase = name) {
      const payload = { phase, amount: `${amount(done)} of ${amount(total)}` }
      if (phase === shown && bar) {
        bar.setTotal(total)
        bar.update(done, payload)
        return
      }
      shown = phase
      bar?.stop()
      bars ??= drawn()
      bar = bars.create(total, done, payload)
    },
    end() {
      if (!bars) return
      writeAbove(undefined)
      bars.stop()
      bars = undefined
    },
  }
}

function drawn(): MultiBar {
  const bars = new MultiBar({
    format: '{phase} {bar} {percentage}% | {amount} | {eta_formatted} left', barCompleteChar: '█', barIncompleteChar: '░', etaBuffer: 100,
    // A line of 80 columns has room for it.
    barsize: 24,
    // The end of the program is ours; a cursor that is hidden stays so when it is killed.
    gracefulExit: false, hideCursor: false, linewrap: true,
  })
  writeAbove((line) => {
    bars.log(`${line}\n`)
    // Drawn at once: what still waits when the bars end would be lost.
    bars.update()
  })
  return bars
}
