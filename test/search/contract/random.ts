import fc from 'fast-check'
import type { AnyFields } from '../../../search/entities.ts'
import type { Filter } from '../../../search/filter.ts'

/** Values from small domains, so that comparisons hit, miss and tie. */
const title = fc.constantFrom('Red Shoes', 'red', 'red shoes', 'Blue', 'größe', 'Größe 50%', '日本 live', 'a*b', '😀 party', 'x_y', 'The End')
const part = fc.constantFrom('r', 'RED', 'd s', 'öß', '%', '*', '本', '😀', '_', 'the end', 'zzz', ' ')
const status = fc.constantFrom('LIVE', 'ENDED', 'SCHEDULED')
const sellerId = fc.constantFrom('s:1', 's:2', 'S:1', 'ид')
const tag = fc.constantFrom('red', 'Red', 'shoes', 'größe', 'two words')
const integer = fc.constantFrom(0, 1, 2, 5, 10, -3, 2 ** 40)
const number = fc.constantFrom(0, 0.1, 0.25, -1.5, 3, 1e9)
const timestamp = fc.constantFrom(1_700_000_000_000, 1_700_000_000_001, 1_700_000_060_000)

export const arbitraryLivestream: fc.Arbitrary<AnyFields> = fc.record({
  title, status, sellerId, currentBid: integer, viewersNow: integer, popularity: number, startedAt: timestamp,
  tags: fc.uniqueArray(tag, { minLength: 1, maxLength: 3 }), auctionActive: fc.boolean(), giveawayActive: fc.boolean(),
}, { requiredKeys: [] }) as fc.Arbitrary<AnyFields>

const equality = fc.constantFrom('eq', 'ne')
const range = fc.constantFrom('eq', 'ne', 'gt', 'gte', 'lt', 'lte')
const list = <T>(values: fc.Arbitrary<T>) => fc.array(values, { maxLength: 3 })

const comparison = fc.oneof(
  fc.record({ field: fc.constant('id'), op: equality, value: fc.constantFrom('r-000', 'r-050', 'none') }),
  fc.record({ field: fc.constant('id'), op: fc.constant('in'), value: list(fc.constantFrom('r-000', 'r-050', 'none')) }),
  fc.record({ field: fc.constant('title'), op: equality, value: title }),
  fc.record({ field: fc.constant('title'), op: fc.constant('in'), value: list(title) }),
  fc.record({ field: fc.constant('title'), op: fc.constant('contains'), value: part }),
  fc.record({ field: fc.constant('status'), op: equality, value: status }),
  fc.record({ field: fc.constant('status'), op: fc.constant('in'), value: list(status) }),
  fc.record({ field: fc.constant('sellerId'), op: equality, value: sellerId }),
  fc.record({ field: fc.constant('tags'), op: fc.constant('contains'), value: tag }),
  fc.record({ field: fc.constantFrom('currentBid', 'viewersNow'), op: range, value: integer }),
  fc.record({ field: fc.constant('currentBid'), op: fc.constant('in'), value: list(integer) }),
  fc.record({ field: fc.constant('popularity'), op: range, value: number }),
  fc.record({ field: fc.constant('startedAt'), op: range, value: timestamp }),
  fc.record({ field: fc.constantFrom('auctionActive', 'giveawayActive'), op: equality, value: fc.boolean() }),
  fc.record({
    field: fc.constantFrom('title', 'status', 'tags', 'currentBid', 'popularity', 'startedAt', 'auctionActive'),
    op: fc.constant('isNull'), value: fc.boolean(),
  }),
) as fc.Arbitrary<Filter>

export const arbitraryFilter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof({ maxDepth: 4, depthSize: 'small' },
    comparison,
    fc.record({ and: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ or: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ not: tie('filter') })),
})).filter
