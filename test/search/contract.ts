import { describe } from 'node:test'
import type { Make } from './contract/fixture.ts'
import { filterContract } from './contract/filters.ts'
import { generationContract } from './contract/generations.ts'
import { hybridContract } from './contract/hybrid.ts'
import { listingContract } from './contract/listings.ts'
import { refusalContract } from './contract/refusals.ts'
import { writeContract } from './contract/writes.ts'

export { spaces, type Make } from './contract/fixture.ts'

export interface ContractOptions {
  /** Random filters and pages that are tried. */
  runs?: number
}

/** What every adapter of `EntityIndex` does. `make` gives a new, empty, open index for each group of tests. */
export function entityIndexContract(name: string, make: Make, { runs = 300 }: ContractOptions = {}): void {
  describe(`EntityIndex: ${name}`, () => {
    writeContract(make)
    filterContract(make, runs)
    listingContract(make, runs)
    hybridContract(make)
    generationContract(make)
    refusalContract(make)
  })
}
