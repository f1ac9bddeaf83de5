/** Where lines go while something is drawn at the bottom of the terminal. */
let above: ((line: string) => void) | undefined

/** Writes lines to a stream; on a terminal with a progress bar above it, so that the two never share a line. */
export const lineWriter = (stream: NodeJS.WriteStream) => (line: string): void => {
  if (above && stream.isTTY) above(line)
  else stream.write(`${line}\n`)
}

/**
 * Goes on when what is said cannot be written: its reader has gone (`| head`, a collector of logs that died), or the disk is full. Nothing
 * ends for that, least of all in the midst of a clean end.
 */
export function outliveReaders(...streams: readonly NodeJS.WriteStream[]): void {
  for (const stream of streams) stream.on('error', () => {})
}

/** @param write undefined when nothing is drawn any more */
export function writeAbove(write: ((line: string) => void) | undefined): void {
  above = write
}
