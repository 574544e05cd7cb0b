import { Duplex } from "node:stream"

/** A stream that breaks after so many bytes were read from it, as a connection through a lost pod does. */
export function cutAfter(stream: Duplex, bytes: number): Duplex {
  let left = bytes
  const cut = new Duplex({
    read: () => void stream.resume(),
    write: (chunk: Buffer, _, done) => void stream.write(chunk, done),
    final: (done) => void stream.end(done),
    destroy: (error, done) => {
      stream.destroy()
      done(error)
    },
  })
  stream.on("data", (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) cut.destroy(new Error("cut"))
    else if (!cut.push(chunk)) stream.pause()
  })
  stream.on("close", () => cut.destroy())
  return cut
}
