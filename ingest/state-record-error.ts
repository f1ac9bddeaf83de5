/** The value of a state record cannot be read: it is damaged, or not ours. */
export class StateRecordError extends Error {
  override readonly name = 'StateRecordError'
  readonly code = 'STATE_RECORD_INVALID'

  /** @param trouble what of it, such as "is not JSON" */
  constructor(entity: string, trouble: string, options?: ErrorOptions) {
    super(`The state record of ${entity} ${trouble}. Expected what encodeEntityState wrote. Rebuild the state from the domain ` +
      'logs with `freshet replay`.', options)
  }
}
