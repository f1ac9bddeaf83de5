import type { Engine } from '../federation/index.ts'

type Listener = (engine: Engine) => void

/** The engine that serves now. A swap takes effect for the next operation; running ones finish on the engine they have. */
export class EngineHost {
  #engine: Engine
  readonly #listeners = new Set<Listener>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  get current(): Engine {
    return this.#engine
  }

  swap(engine: Engine): void {
    this.#engine = engine
    for (const listener of this.#listeners) listener(engine)
  }

  onSwap(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
