/**
 * No two states of an entity share a revision: not of those that the index was in, nor of those that were announced. An
 * owner gives each write and each change the next number. What it wrote and did not announce before it died is known to
 * nobody; but between two announcements of an entity it makes no more than two writes of it, one behind the rounds and the
 * one of the round that takes this in. So each epoch begins that far beyond what the ones before it are known to have reached.
 */
const perEpoch = 3

/**
 * From where an owner counts on.
 *
 * @param revision the entity's greatest in the log: announced, or in a checkpoint; 0 where there is none
 * @param of the epoch that wrote it there; 0 where there is none
 */
export const revisionIn = (epoch: number, revision = 0, of = 0): number => revision + (epoch - of) * perEpoch
