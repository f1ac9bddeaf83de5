/** Names and passwords within addresses: they would reach logs and errors, so no setting takes them. Headers and keys are for that. */

export const hasLogin = (url: string): boolean => {
  const { username, password } = new URL(url)
  return username !== '' || password !== ''
}

/** What was given instead of what was expected, for a fault: a hundred characters at most, without what stands before the `@` of an address. */
export const withoutLogin = (given: unknown): string =>
  (JSON.stringify(given) ?? 'nothing').replaceAll(/[^\s"',/@]*:[^\s"',/@]*@/g, '…@').slice(0, 100)
