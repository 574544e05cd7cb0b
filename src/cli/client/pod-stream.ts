import { Duplex, PassThrough, Writable } from "node:stream"
import { type KubeConfig, PortForward } from "@kubernetes/client-node"
import { RecoveryError } from "../../api/reasons.ts"
import { isBroken } from "../../client/download.ts"
import type { Dial } from "../../client/session-agent.ts"

/** The part of a `ws` WebSocket used here; the library's own type for it is open. */
interface Socket {
  send(data: Buffer, done: (error?: Error) => void): void
  pause(): void
  resume(): void
  close(): void
  terminate(): void
  on(event: "close" | "error", listener: (error: Error) => void): void
}

/** A port of a pod. It is looked up for each connection: a pod that was lost comes back under another name. */
export interface PodPort {
  readonly namespace: string
  readonly pod: string
  readonly port: number
}

/** The port-forward protocol over WebSocket: the first byte of a message is the channel, 0 for data, 1 for an error. */
const dataChannel = Buffer.from([0])
const highWaterBytes = 1024 * 1024
/** When nothing has come for so long, it is looked whether the pod is still the one. */
const silenceMs = 5000

/**
 * Streams to a port of a pod, through the API server. The library's PortForward connects and takes messages apart; what
 * it leaves out is added here: it writes on whether the reader keeps up or not, and nobody learns that the stream ended.
 */
export function dialPod(config: KubeConfig, find: () => Promise<PodPort>, lookMs = silenceMs): Dial {
  return async () => {
    const { namespace, pod, port } = await find()
    const received = new PassThrough({ highWaterMark: highWaterBytes })
    received.on("error", () => undefined) // what goes wrong before there is a stream is told below
    const errors = new Writable({ write: (chunk: Buffer, _, done) => (failed(chunk), done()) })
    const failed = (chunk: Buffer) => {
      const words = chunk.toString().trim()
      if (words !== "") received.destroy(new RecoveryError("ConnectionLost", `Port-forward to ${pod}: ${words}`))
    }
    const forward = new PortForward(config)
    const socket: Socket = await forward
      .portForward(namespace, pod, [port], received, errors, new PassThrough())
      .catch((error: unknown) => {
        throw refused(error, namespace, pod)
      })
    if (received.errored) {
      socket.terminate()
      throw received.errored
    }
    const stream = podStream(socket, received)
    endWithPod(stream, received, pod, find, lookMs)
    return stream
  }
}

/**
 * Ends a silent stream whose pod was replaced, or whose session has ended. A pod that dies with much on its way to somebody
 * slow takes its network along, and with it the end of the stream: the container runtime, which waits for that behind
 * kubelet and API server, gives up after two minutes and a half only.
 */
function endWithPod(
  stream: Duplex,
  received: PassThrough,
  pod: string,
  find: () => Promise<PodPort>,
  lookMs: number,
): void {
  let isSilent = false
  received.on("data", () => (isSilent = false))
  const look = async () => {
    if (!isSilent) return void (isSilent = true)
    try {
      const { pod: now } = await find()
      if (now !== pod) stream.destroy(new RecoveryError("ConnectionLost", `Pod ${pod} was replaced by ${now}.`))
    } catch (error) {
      // it may be on its way back, which whoever asks next is told
      if (!isBroken(error)) stream.destroy(error as Error)
    }
  }
  const timer = setInterval(() => void look(), lookMs).unref()
  stream.once("close", () => clearInterval(timer))
}

function podStream(socket: Socket, received: PassThrough): Duplex {
  const stream = new Duplex({
    allowHalfOpen: false,
    readableHighWaterMark: highWaterBytes,
    read: () => {
      received.resume()
      if (received.readableLength < highWaterBytes) socket.resume()
    },
    write: (chunk: Buffer, _, done) => socket.send(Buffer.concat([dataChannel, chunk]), done),
    final: (done) => {
      socket.close()
      done()
    },
    destroy: (error, done) => {
      socket.terminate()
      received.destroy()
      done(error)
    },
  })
  received.on("data", (chunk: Buffer) => {
    if (stream.push(chunk)) return
    received.pause()
    socket.pause()
  })
  received.on("end", () => stream.push(null)).on("error", (error) => stream.destroy(error))
  socket.on("close", () => received.end())
  socket.on("error", (error: Error) => stream.destroy(error))
  return stream
}

function refused(error: unknown, namespace: string, pod: string): RecoveryError {
  const words = (error as { message?: string }).message ?? String(error)
  const status = /Unexpected server response: (\d+)/.exec(words)?.[1]
  if (status === "403" || status === "401")
    return new RecoveryError(
      "Forbidden",
      `You may not forward ports of pod ${namespace}/${pod}: "create" on "pods/portforward" is missing.`,
    )
  if (status === "404")
    return new RecoveryError("NotReady", `The pod ${namespace}/${pod} is gone; it may be on its way back.`)
  return new RecoveryError("ConnectionLost", `Port-forward to ${namespace}/${pod} failed: ${words}`, { cause: error })
}
