import { AggregatorRegistry, type MetricValue } from 'prom-client'
import type { Measured } from '../../gateway/processes/messages.ts'

type Metric = Measured[number]
/** Histograms name each of their series. */
type Value = MetricValue<string> & { metricName?: string }

/**
 * The metrics of several processes as one: each metric says how (sums, unless all of them see the same: then whoever has seen most).
 * Counters and histograms never go backwards: what a process had counted stays when it has ended.
 */
export class MetricTotals {
  readonly #latest = new Map<number, Measured>()
  /** What those that run lack of the total since others have ended, by metric. */
  readonly #lacking = new Map<string, { metric: Metric; series: Map<string, Value> }>()

  /** What a process has counted up to now. */
  measured(number: number, measured: Measured): void {
    this.#latest.set(number, measured)
  }

  /** It has ended. */
  gone(number: number): void {
    const before = aggregated([...this.#latest.values()])
    this.#latest.delete(number)
    const after = new Map(aggregated([...this.#latest.values()]).map((metric) => [metric.name, seriesOf(metric)]))
    for (const metric of before.filter(isCounted)) {
      const { series } = this.#lacking.get(metric.name) ?? { series: new Map<string, Value>() }
      this.#lacking.set(metric.name, { metric, series })
      for (const [name, value] of seriesOf(metric))
        series.set(name, { ...value, value: lackingOf(value.value + (series.get(name)?.value ?? 0), after.get(metric.name)?.get(name)?.value ?? 0) })
    }
  }

  /** In Prometheus's text format. @param own of the process that asks them */
  text(own: Measured): Promise<string> {
    const live = new Map(aggregated([...this.#latest.values()]).map((metric) => [metric.name, metric]))
    for (const [name, { metric, series }] of this.#lacking) {
      const known = seriesOf(live.get(name) ?? { ...metric, values: [] })
      for (const [each, value] of series) known.set(each, { ...value, value: value.value + (known.get(each)?.value ?? 0) })
      live.set(name, { ...metric, values: [...known.values()] })
    }
    return registryOf([[...live.values()], own]).metrics()
  }
}

const registryOf = (measured: readonly Measured[]) => AggregatorRegistry.aggregate([...measured])

/** What it registers are the metrics with their values. */
const aggregated = (measured: readonly Measured[]): Metric[] => registryOf(measured).getMetricsAsArray() as Metric[]

/** What has to be added so that the total is no less than it was, for fractions as well. */
function lackingOf(total: number, there: number): number {
  let lacking = total - there
  while (there + lacking < total) lacking += total * Number.EPSILON
  return lacking
}

/** What only grows. */
const isCounted = ({ type }: Metric): boolean => ['counter', 'histogram'].includes(String(type))

const seriesOf = ({ values }: Metric): Map<string, Value> => new Map((values as Value[]).map((value) => {
  const { metricName = '', labels } = value
  return [JSON.stringify([metricName, ...Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]), value]
}))
