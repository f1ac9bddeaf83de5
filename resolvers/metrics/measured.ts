import type { EntityKey } from '../../events/entity.ts'
import type { EntityMetrics, WindowName } from '../../search/metrics.ts'
import type { RequestContext } from '../context.ts'
import type { EntityMetricsResolvers, MetricValue, MetricWindow } from './generated/types.ts'

/** An entity's metrics seen through one window; null metrics: nothing was ever counted of it. */
export interface Measured {
  window: MetricWindow
  metrics: EntityMetrics | null
}

const windows: Record<MetricWindow, WindowName> = { THIRTY_SECONDS: '30s', FIVE_MINUTES: '5m', ONE_HOUR: '1h' }

export const measure = (context: RequestContext, entity: EntityKey, window: MetricWindow): Measured => ({
  window,
  metrics: context.services.view.metrics(entity, context.now),
})

const value = (metrics: EntityMetrics | null, values: Pick<MetricValue, 'value' | 'decayed' | 'total'>): MetricValue => ({
  ...values,
  eventTime: metrics?.eventTime ?? null,
  appliedAt: metrics?.appliedAt ?? null,
})

type Counter = keyof EntityMetrics['total']

const counter = (name: Counter) => ({ window, metrics }: Measured): MetricValue =>
  value(metrics, {
    value: metrics?.windows[windows[window]][name] ?? 0,
    decayed: metrics?.decayed[name] ?? 0,
    total: metrics?.total[name] ?? 0,
  })

const viewers = (windowOf: (measured: Measured) => WindowName | 'now') => (measured: Measured): MetricValue => {
  const { metrics } = measured
  const window = windowOf(measured)
  const now = metrics?.viewersNow ?? 0
  return value(metrics, {
    value: window === 'now' ? now : (metrics?.windows[window].viewers ?? 0),
    decayed: now,
    total: metrics?.windows['1h'].viewers ?? 0,
  })
}

export const entityMetrics: EntityMetricsResolvers = {
  viewersNow: viewers(() => 'now'),
  viewers: viewers(({ window }) => windows[window]),
  views: counter('views'),
  chats: counter('chats'),
  likes: counter('likes'),
  shares: counter('shares'),
  bids: counter('bids'),
  purchases: counter('purchases'),
  revenue: counter('revenue'),
  watchSeconds: counter('watchSeconds'),
}
