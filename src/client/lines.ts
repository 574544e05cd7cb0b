import { RecoveryError } from "../api/reasons.ts"

/** No line of the file service is longer: a path and a name, each byte written %XX, twice. */
const maxLineBytes = 256 * 1024
const newline = 0x0a

/**
 * The lines of a stream, without their ends. Throws ProtocolError for one that is too long, or cut off: unless `mayBeCut`,
 * as the last line of a file that somebody wrote may be.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>, { mayBeCut = false } = {}): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let start = 0
    for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, start)) {
      yield bytes.subarray(start, end)
      start = end + 1
    }
    rest = bytes.subarray(start)
    if (rest.length > maxLineBytes)
      throw new RecoveryError("ProtocolError", `There is a line of more than ${maxLineBytes} bytes.`)
  }
  if (rest.length === 0) return
  if (!mayBeCut) throw new RecoveryError("ProtocolError", "The file service's answer ends within a line.")
  yield rest
}
