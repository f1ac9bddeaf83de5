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

/**
 * Keeps from people what weaviate-client 3 prints of each attempt that it repeats (`grpc/retry`): an error with its stack, in the midst
 * of a log of lines. That the index is away is said by whoever asked. All else that is printed stays.
 */
export function silenceWeaviateRetries(): void {
  const { warn } = console
  console.warn = (...given: unknown[]) => {
    const [, text] = given
    if (typeof text === 'string' && /^Attempt \d+ failed\. Retrying in /.test(text) && /[\\/]node_modules[\\/]weaviate-client[\\/]/.test(new Error().stack ?? '')) return
    Reflect.apply(warn, console, given)
  }
}
