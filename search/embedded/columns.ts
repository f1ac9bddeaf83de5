import type { FieldDefinition, FieldValue } from '../entities.ts'

/**
 * Fields are kept by column, not by entity: a patch writes one cell, a filter reads one array, and numbers cost eight
 * bytes. A slot is an entity's row number.
 */
export interface Column {
  get(slot: number): FieldValue | undefined
  set(slot: number, value: FieldValue | undefined): void
}

export function createColumn({ type }: FieldDefinition): Column {
  switch (type) {
    case 'integer':
    case 'number':
    case 'timestamp': return new NumberColumn()
    case 'boolean': return new BooleanColumn()
    default: return new ValueColumn()
  }
}

const grown = (slot: number): number => Math.max(64, 1 << (32 - Math.clz32(slot)))

/** NaN stands for a missing value. */
export class NumberColumn implements Column {
  #cells = new Float64Array(0)

  get(slot: number): number | undefined {
    const value = this.#cells[slot]!
    return value === value ? value : undefined
  }

  set(slot: number, value: FieldValue | undefined): void {
    if (slot >= this.#cells.length) {
      const cells = new Float64Array(grown(slot)).fill(NaN)
      cells.set(this.#cells)
      this.#cells = cells
    }
    this.#cells[slot] = value === undefined ? NaN : value as number
  }
}

class BooleanColumn implements Column {
  /** 0: missing, 1: false, 2: true */
  #cells = new Uint8Array(0)

  get(slot: number): boolean | undefined {
    const value = this.#cells[slot]
    return value ? value === 2 : undefined
  }

  set(slot: number, value: FieldValue | undefined): void {
    if (slot >= this.#cells.length) {
      const cells = new Uint8Array(grown(slot))
      cells.set(this.#cells)
      this.#cells = cells
    }
    this.#cells[slot] = value === undefined ? 0 : value ? 2 : 1
  }
}

class ValueColumn implements Column {
  readonly #cells: (FieldValue | undefined)[] = []

  get(slot: number): FieldValue | undefined {
    return this.#cells[slot]
  }

  set(slot: number, value: FieldValue | undefined): void {
    while (this.#cells.length <= slot) this.#cells.push(undefined)
    this.#cells[slot] = value
  }
}
