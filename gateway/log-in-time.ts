/**
 * What the log answers, unless that takes too long, or nobody waits any more: a log that is away is waited for, but not for ever.
 * @throws Error after `timeoutMs`; the signal's reason when it is aborted before
 */
export function logInTime<T>(answer: Promise<T>, timeoutMs: number, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`The event log did not answer within ${timeoutMs} ms.`)), timeoutMs)
    const leave = () => reject(signal?.reason as Error)
    if (signal?.aborted) leave()
    else signal?.addEventListener('abort', leave, { once: true })
    answer.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', leave)
    })
  })
}
