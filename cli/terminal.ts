/** Where lines go while something is drawn at the bottom of the terminal. */
let above: ((line: string) => void) | undefined

/** Writes lines to a stream; on a terminal with a progress bar above it, so that the two never share a line. */
export const lineWriter = (stream: NodeJS.WriteStream) => (line: string): void => {
  if (above && stream.isTTY) above(line)
  else stream.write(`${line}\n`)
}

/** @param write undefined when nothing is drawn any more */
export function writeAbove(write: ((line: string) => void) | undefined): void {
  above = write
}
