import { once } from "node:events"
import { rm } from "node:fs/promises"
import { connect, createServer } from "node:net"
import type { CpuUse } from "./cpu-use.ts"

/**
 * QEMU may run in another container, where only whoever started it sees its threads. They tell whoever connects to a socket beside
 * QEMU's own: one line, `ranMs waitedMs`. QEMU could tell lies there, if it were taken over: that they can't be believed
 * for ever is for the reader to see to (time-left.ts).
 */
export const cpuSocket = (dir: string) => `${dir}/cpu`

const mostBytes = 64
/** Whoever answers may have to wait for CPU as well. */
const answerMs = 10_000

/** Tells until it is disposed of. */
export async function tellCpu(dir: string, read: () => CpuUse | undefined): Promise<AsyncDisposable> {
  const path = cpuSocket(dir)
  await rm(path, { force: true })
  const server = createServer((socket) => {
    const use = read()
    socket.on("error", () => undefined)
    socket.end(use === undefined ? "" : `${Math.round(use.ranMs)} ${Math.round(use.waitedMs)}\n`)
    socket.destroySoon()
  }).listen(path)
  server.maxConnections = 64
  server.unref()
  await once(server, "listening")
  server.on("error", () => undefined)
  return {
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** `silent`: who tells is there, and has not had the CPU to answer. Undefined: nobody tells, or nothing that makes sense. */
export type Told = CpuUse | "silent" | undefined

/** What QEMU's threads have had of CPUs. */
export async function askCpu(dir: string): Promise<Told> {
  const socket = connect(cpuSocket(dir)).on("error", () => undefined)
  let isLate = false
  const late = setTimeout(() => {
    isLate = true
    socket.destroy()
  }, answerMs).unref()
  let text = ""
  try {
    for await (const chunk of socket) {
      text += (chunk as Buffer).toString("latin1")
      if (text.length > mostBytes) return undefined
    }
  } catch {
    return isLate ? "silent" : undefined
  } finally {
    clearTimeout(late)
    socket.destroy()
  }
  if (isLate) return "silent"
  const [, ran, waited] = /^(\d{1,15}) (\d{1,15})\n$/.exec(text) ?? []
  return ran === undefined || waited === undefined ? undefined : { ranMs: Number(ran), waitedMs: Number(waited) }
}
