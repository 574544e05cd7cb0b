import type { Socket } from "node:net"
import type { BaseLogger } from "pino"
import type { BlockDevice } from "../block/device.ts"
import { ByteReader } from "./byte-reader.ts"
import { Handshake, hello } from "./handshake.ts"
import { Transmission, type TransmissionOptions } from "./transmission.ts"

/** How long a client may take to choose an export, in milliseconds. */
const handshakeMs = 10_000

/** While more than this waits to be sent, no request is taken, in bytes. */
const maxUnsentBytes = 48 * 1024 * 1024

/** Serves one NBD client on a socket until either end closes it. */
export function serveConnection(
  socket: Socket,
  exports: ReadonlyMap<string, BlockDevice>,
  memory: Pick<TransmissionOptions, "pool" | "budget">,
  log: BaseLogger,
): void {
  const input = new ByteReader()
  const handshake = new Handshake(exports)
  let transmission: Transmission | undefined
  const timer = setTimeout(() => socket.destroy(), handshakeMs)

  socket.on("data", (chunk: Buffer) => {
    input.push(chunk)
    advance()
  })
  socket.on("error", (error) => log.debug({ error: error.message }, "NBD connection broke"))
  socket.on("close", () => clearTimeout(timer))
  socket.write(hello())

  function advance(): void {
    try {
      const goesOn = transmission ? transmission.take(input) : haggle()
      if (!goesOn) socket.end()
    } catch (error) {
      log.warn({ error: (error as Error).message }, "NBD client dropped")
      socket.destroy()
    }
    if (transmission?.isBusy || socket.writableLength > maxUnsentBytes) socket.pause()
    else if (socket.isPaused()) socket.resume()
  }

  function haggle(): boolean {
    for (;;) {
      const step = handshake.step(input)
      if (step.kind === "more") return true
      if (step.bytes.length > 0) socket.write(step.bytes)
      if (step.kind === "end") return false
      if (step.kind === "serve") {
        clearTimeout(timer)
        transmission = new Transmission({ device: step.device, ...memory, send, failed })
        return transmission.take(input)
      }
    }
  }

  /** The callback also comes when the socket is gone, with an error nobody needs. */
  function send(bytes: Buffer, done?: () => void): void {
    if (socket.writableCorked === 0) {
      socket.cork()
      process.nextTick(() => socket.uncork())
    }
    socket.write(bytes, () => {
      done?.()
      if (!socket.destroyed) advance()
    })
  }

  function failed(offset: number, error: unknown): void {
    log.error({ offset, error: (error as Error).message }, "disk can't be read")
  }
}
