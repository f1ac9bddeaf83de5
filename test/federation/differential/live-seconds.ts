/**
 * What is settled within so many seconds in which this process was alive; undefined when it is not. A second in which the
 * machine stood still does not count.
 */
export const withinLiveSeconds = async <T>(seconds: number, work: Promise<T>): Promise<T | undefined> => {
  const over = Promise.withResolvers<undefined>()
  let left = seconds
  // However long it stood still, one tick has passed.
  const ticking = setInterval(() => {
    if (--left <= 0) over.resolve(undefined)
  }, 1_000)
  try {
    return await Promise.race([work, over.promise])
  } finally {
    clearInterval(ticking)
  }
}
