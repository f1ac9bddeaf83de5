import { writeFileSync } from 'node:fs'

/** One measured figure. */
export interface Figure {
  name: string
  value: number
  unit: string
  /** As in `<= 10` or `>= 0.95`; absent where there is none to reach. */
  target?: string
  /** Null where there is no target. */
  met: boolean | null
}

export interface BenchOptions {
  /** Ends within a minute, with smaller numbers: to see that it works, not to quote. */
  quick: boolean
  /** On which parts to measure. */
  on: readonly ('embedded' | 'Kafka + Weaviate')[]
  report: Report
}

/** Collects figures, prints them as they come, and writes them as JSON at the end. */
export class Report {
  readonly figures: Figure[] = []

  add(name: string, value: number, unit: string, target?: string): void {
    const met = target === undefined ? null : meets(value, target)
    this.figures.push({ name, value, unit, ...(target === undefined ? {} : { target }), met })
    const verdict = met === null ? '' : met ? `  met (${target})` : `  FALLS SHORT (${target})`
    console.log(`${name.padEnd(72)} ${format(value).padStart(10)} ${unit}${verdict}`)
  }

  note(text: string): void {
    console.log(`  ${text}`)
  }

  write(file: string): void {
    writeFileSync(file, `${JSON.stringify(this.figures, null, 2)}\n`)
  }
}

function meets(value: number, target: string): boolean {
  const match = /^(<=|>=)\s*([\d.]+)$/.exec(target)
  if (!match) throw new Error(`expected a target like "<= 10", got "${target}"`)
  const bound = Number(match[2])
  return match[1] === '<=' ? value <= bound : value >= bound
}

const format = (value: number): string =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))

/** The value below which a share of the sorted values lies (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return NaN
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN
}
