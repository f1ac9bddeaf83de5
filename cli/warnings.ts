/**
 * Keeps one warning of Node's from people: kafkajs 2.2.4 asks for a timer of negative length when a broker's throttling is
 * over (`network/requestQueue`), which Node ≥ 24 warns of and takes as 1 ms, as was meant. Anybody else's negative timer, and
 * every other warning, is shown as ever.
 */
export function silenceKafkaTimers(): void {
  const emit = process.emitWarning
  process.emitWarning = (...given: unknown[]) => {
    const [, typeOrOptions] = given
    const type = typeof typeOrOptions === 'object' && typeOrOptions !== null && 'type' in typeOrOptions ? typeOrOptions.type : typeOrOptions
    if (type === 'TimeoutNegativeWarning' && /[\\/]node_modules[\\/]kafkajs[\\/]/.test(new Error().stack ?? '')) return
    Reflect.apply(emit, process, given)
  }
}
