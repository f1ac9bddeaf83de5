import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Buckets in seconds around the figures that matter: an event within 50 ms, a query within 100 ms. */
const latencyBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]

/** Everything that `/metrics` shows, in Prometheus's text format. */
export interface Telemetry {
  registry: Registry
  /** Seconds between an event's append and the moment a query first answers with it. */
  dataLatency: Histogram
  /** Seconds of a GraphQL request, by transport and outcome. */
  queryLatency: Histogram<'transport' | 'outcome'>
  /** Records of the log that are not yet applied. */
  ingestLag: Gauge
  partitions: Gauge
  events: Counter<'outcome'>
  /** Entities written to the index. */
  indexWrites: Counter
  deadLetters: Counter
  /** Change batches that this gateway has seen. */
  changeBatches: Counter
  connections: Gauge<'transport'>
  subscriptions: Gauge
  /** Operations that subscriptions are delivered from: equal ones are one. */
  deliveryGroups: Gauge
  /** Seconds from event to applied, and on to the last subscriber who keeps up. */
  deliveryLatency: Histogram<'stage'>
  deliveredPayloads: Counter
  /** Payloads that slow subscribers did not get: superseded by later ones, or dropped. */
  conflatedPayloads: Counter
  droppedPayloads: Counter
  deliveryGaps: Counter<'reason'>
  errors: Counter
  droppedNotes: Counter
  systemFailures: Counter<'system'>
  /** Operations whose plan was known, and those that were planned, since the supergraph that serves does. */
  plans: Counter<'outcome'>
  /** Changed supergraphs that were swapped in, and those that could not be. */
  supergraphSwaps: Counter
  supergraphRefusals: Counter
}

/** Where several processes serve behind one port, each of them sees all of this: it does not add up. */
const seenByAll = 'max'

/** @param processMetrics whether to add those of the process (memory, CPU, event loop) */
export function createTelemetry({ processMetrics = true } = {}): Telemetry {
  const registry = new Registry()
  const registers = [registry]
  if (processMetrics) collectDefaultMetrics({ register: registry })
  return {
    registry,
    dataLatency: new Histogram({
      aggregator: seenByAll,
      name: 'freshet_data_latency_seconds', help: 'From an event\'s append to the first answer that includes it.', buckets: latencyBuckets, registers,
    }),
    queryLatency: new Histogram({
      name: 'freshet_query_duration_seconds', help: 'Duration of GraphQL requests.', labelNames: ['transport', 'outcome'], buckets: latencyBuckets, registers,
    }),
    ingestLag: new Gauge({ aggregator: seenByAll, name: 'freshet_ingest_lag_records', help: 'Records in the log that are not yet applied, and marks of transactions at its end where producers use them: then it does not reach 0.', registers }),
    partitions: new Gauge({ name: 'freshet_ingest_partitions', help: 'Partitions whose events this process applies.', registers }),
    events: new Counter({ name: 'freshet_events_total', help: 'Events by what became of them.', labelNames: ['outcome'], registers }),
    indexWrites: new Counter({ name: 'freshet_index_writes_total', help: 'Entities that ingest wrote to the index.', registers }),
    deadLetters: new Counter({ aggregator: seenByAll, name: 'freshet_dead_letters_total', help: 'Events that were rejected.', registers }),
    changeBatches: new Counter({ aggregator: seenByAll, name: 'freshet_change_batches_total', help: 'Batches of changes seen by this gateway.', registers }),
    connections: new Gauge({ name: 'freshet_connections', help: 'Open connections.', labelNames: ['transport'], registers }),
    subscriptions: new Gauge({ name: 'freshet_subscriptions', help: 'Subscriptions under way.', registers }),
    deliveryGroups: new Gauge({ name: 'freshet_delivery_groups', help: 'Distinct operations that are delivered to subscribers.', registers }),
    deliveryLatency: new Histogram({
      name: 'freshet_delivery_latency_seconds', help: 'From event to applied to delivered, by stage, once per payload.', labelNames: ['stage'],
      buckets: latencyBuckets, registers,
    }),
    deliveredPayloads: new Counter({ name: 'freshet_delivered_payloads_total', help: 'Payloads handed to subscribers\' connections.', registers }),
    conflatedPayloads: new Counter({
      name: 'freshet_conflated_payloads_total', help: 'Payloads that slow subscribers did not get, as later ones superseded them.', registers,
    }),
    droppedPayloads: new Counter({ name: 'freshet_dropped_payloads_total', help: 'Payloads that slow subscribers lost, and were told of.', registers }),
    deliveryGaps: new Counter({ name: 'freshet_delivery_gaps_total', help: 'Gaps that subscribers were told of.', labelNames: ['reason'], registers }),
    errors: new Counter({ name: 'freshet_errors_total', help: 'Errors whose details clients were not told.', registers }),
    droppedNotes: new Counter({ name: 'freshet_feed_notes_dropped_total', help: 'Served feeds that could not be noted.', registers }),
    systemFailures: new Counter({
      name: 'freshet_system_failures_total', help: 'Failed calls of log, index and embedder, each tried again.', labelNames: ['system'], registers,
    }),
    plans: new Counter({ name: 'freshet_query_plans_total', help: 'Operations whose plan was known, and those that were planned.', labelNames: ['outcome'], registers }),
    supergraphSwaps: new Counter({ aggregator: seenByAll, name: 'freshet_supergraph_swaps_total', help: 'Changed supergraphs that serve since.', registers }),
    supergraphRefusals: new Counter({ aggregator: seenByAll, name: 'freshet_supergraph_refusals_total', help: 'Changed supergraphs that were refused.', registers }),
  }
}
