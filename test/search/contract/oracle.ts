import type { AnyFields } from '../../../search/entities.ts'
import type { Filter } from '../../../search/filter.ts'

/** The filter's meaning spelled out from its description, with nothing in common with the code under test. */
export function matchesNaively(filter: Filter, id: string, fields: AnyFields): boolean {
  if ('and' in filter) return filter.and.every((part) => matchesNaively(part, id, fields))
  if ('or' in filter) return filter.or.some((part) => matchesNaively(part, id, fields))
  if ('not' in filter) return !matchesNaively(filter.not, id, fields)
  const held = filter.field === 'id' ? id : fields[filter.field]
  const missing = held === undefined || (Array.isArray(held) && held.length === 0)
  if (filter.op === 'isNull') return filter.value === missing
  if (filter.op === 'ne') return missing || held !== filter.value
  if (missing) return false
  switch (filter.op) {
    case 'eq': return held === filter.value
    case 'gt': return Number(held) > Number(filter.value)
    case 'gte': return Number(held) >= Number(filter.value)
    case 'lt': return Number(held) < Number(filter.value)
    case 'lte': return Number(held) <= Number(filter.value)
    case 'in': return filter.value.some((value) => value === held)
    case 'contains': return Array.isArray(held) ? held.includes(filter.value)
      : String(held).toLowerCase().indexOf(filter.value.toLowerCase()) >= 0
  }
}
