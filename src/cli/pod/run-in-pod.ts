import { PassThrough, Writable } from "node:stream"
import { Exec, type KubeConfig, type V1Status } from "@kubernetes/client-node"
import { RecoveryError } from "../../api/reasons.ts"
import { printable } from "../printable.ts"

export interface PodCommand {
  readonly namespace: string
  readonly pod: string
  readonly container?: string
  readonly command: readonly string[]
  readonly input?: AsyncIterable<Buffer>
  readonly output?: (chunk: Buffer) => void
  /** The command's exit code 1 is no failure, and its words are told here: tar has it for files that change meanwhile. */
  readonly grumbled?: (words: string) => void
  readonly signal: AbortSignal
}

/** The part of a `ws` WebSocket used here. */
interface Socket {
  readonly protocol: string
  readonly readyState: number
  send(data: Buffer, done: (error?: Error) => void): void
  terminate(): void
  on(event: "close" | "error", listener: (error: Error) => void): void
}

const stdinChannel = 0
const closeChannel = 255
const open = 1
/** Frames as kubectl's own are; and how much of what a command complains is told. Bytes. */
const frameBytes = 32 * 1024
const mostWords = 4096

/**
 * Runs a command in a container, as `kubectl exec` does, and resolves when it has ended well. The library connects and takes
 * messages apart; it would read input as fast as it comes, so that is sent from here. Rejects with CommandFailed and the
 * command's own words.
 */
export async function runInPod(config: KubeConfig, options: PodCommand): Promise<void> {
  const { namespace, pod, container = "", command, input, output, signal } = options
  let words = Buffer.alloc(0)
  const stderr = new Writable({
    write: (chunk: Buffer, _, done) => {
      if (words.length < mostWords) words = Buffer.concat([words, chunk])
      done()
    },
  })
  const stdout = new Writable({ write: (chunk: Buffer, _, done) => (output?.(chunk), done()) })
  const ended = Promise.withResolvers<V1Status>()
  ended.promise.catch(() => undefined) // told below
  const exec = new Exec(config)
  // nothing ever comes from it: it only says that there is an input
  const stdin = input ? new PassThrough() : null
  const socket = (await exec
    .exec(namespace, pod, container, [...command], stdout, stderr, stdin, false, ended.resolve)
    .catch((error: unknown) => {
      throw refused(error, options)
    })) as unknown as Socket
  const stop = () => ended.reject(new RecoveryError("Interrupted", "Interrupted."))
  socket.on("error", (error) => ended.reject(lost(options, error.message)))
  // the status comes before the end
  socket.on("close", () => setImmediate(() => ended.reject(lost(options, "it was closed"))))
  signal.addEventListener("abort", stop, { once: true })
  if (signal.aborted) stop()
  try {
    const status = await Promise.race([
      ended.promise,
      input ? sendAll(socket, input, options, ended.promise) : ended.promise,
    ])
    if (status.status === "Success") return
    if (!options.grumbled || exitCodeOf(status) !== 1) throw failed(status, words.toString(), options)
    options.grumbled(wordsOf(words.toString()))
  } finally {
    signal.removeEventListener("abort", stop)
    socket.terminate()
  }
}

/** What a command prints. Rejects at its end when it failed. */
export async function* outputInPod(config: KubeConfig, options: Omit<PodCommand, "output">): AsyncGenerator<Buffer> {
  const stream = new PassThrough({ highWaterMark: 2 ** 20 })
  const ended = runInPod(config, { ...options, output: (chunk) => stream.write(chunk) }).then(
    () => void stream.end(),
    (error: Error) => void stream.destroy(error),
  )
  yield* stream as AsyncIterable<Buffer>
  await ended
}

/** Sends the input as fast as it is taken, then its end; the answer is how the command ended. */
async function sendAll(
  socket: Socket,
  input: AsyncIterable<Buffer>,
  options: PodCommand,
  ended: Promise<V1Status>,
): Promise<V1Status> {
  if (socket.protocol !== "v5.channel.k8s.io")
    throw new RecoveryError(
      "CommandFailed",
      `The API server can't tell pod ${options.namespace}/${options.pod} where the copy ends: it is older than Kubernetes 1.30.`,
    )
  for await (const chunk of input)
    for (let at = 0; at < chunk.length; at += frameBytes) {
      // it has ended early, or the connection has: that is told by whoever waits for it
      if (socket.readyState !== open) return ended
      await send(socket, Buffer.concat([Buffer.from([stdinChannel]), chunk.subarray(at, at + frameBytes)]))
    }
  await send(socket, Buffer.from([closeChannel, stdinChannel]))
  return ended
}

/** A failure to send is one of the connection, which its own events tell. */
function send(socket: Socket, message: Buffer): Promise<void> {
  return new Promise((resolve) => socket.send(message, () => resolve()))
}

function exitCodeOf({ details, message = "" }: V1Status): number {
  const cause = details?.causes?.find(({ reason }) => reason === "ExitCode")?.message
  return Number(cause ?? /exit code (\d+)$/.exec(message)?.[1] ?? NaN)
}

const wordsOf = (text: string) => printable(text.trim().split("\n").slice(-5).join("; "))

function failed({ message = "" }: V1Status, words: string, { namespace, pod, command }: PodCommand): RecoveryError {
  const [program = ""] = command
  if (/executable file not found|no such file or directory.*unknown|not found in \$PATH/s.test(message))
    return new RecoveryError(
      "CommandFailed",
      `The container in pod ${namespace}/${pod} has no ${program}, which this takes: name another container with -c, or copy to this machine.`,
    )
  const why = wordsOf(words) || printable(message)
  return new RecoveryError("CommandFailed", `${program} in pod ${namespace}/${pod} failed: ${why}`)
}

function lost({ namespace, pod }: Pick<PodCommand, "namespace" | "pod">, words: string): RecoveryError {
  return new RecoveryError("ConnectionLost", `The connection to pod ${namespace}/${pod} broke: ${words}.`)
}

function refused(error: unknown, { namespace, pod, container }: PodCommand): RecoveryError {
  const words = (error as { message?: string }).message ?? String(error)
  const status = /Unexpected server response: (\d+)/.exec(words)?.[1]
  if (status === "403" || status === "401")
    return new RecoveryError(
      "Forbidden",
      `You may not run commands in pod ${namespace}/${pod}: "create" on "pods/exec".`,
    )
  if (status === "404") return new RecoveryError("CommandFailed", `There is no running pod ${namespace}/${pod}.`)
  if (status === "400" || status === "500") {
    const which = container === undefined ? "name one of its containers with -c" : `has it a container ${container}`
    return new RecoveryError(
      "CommandFailed",
      `No command can be run in pod ${namespace}/${pod}; is it running, and ${which}?`,
    )
  }
  return lost({ namespace, pod }, words)
}
