import fc from 'fast-check'

/**
 * Loaded before each test file: property tests draw from one seed, so that a run can be repeated. `FRESHET_TEST_SEED=random`
 * (or a number) looks elsewhere, which is how new counterexamples are found; fast-check prints the seed of a failure.
 */
const { FRESHET_TEST_SEED: seed = '20261122' } = process.env
if (seed !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) })
