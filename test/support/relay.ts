import { connect, createServer, type AddressInfo, type Socket } from "node:net"

/** A TCP relay that can misbehave as networks do. */
export interface Relay {
  readonly port: number
  /** Connections taken so far. */
  readonly accepted: () => number
  /** Where new connections go. */
  aim(port: number): void
  /** Breaks all connections there are. */
  cut(): void
  /** From now on nothing passes in either direction, yet nothing is closed. */
  stall(): void
  /** Calls back once, when so many bytes have come from the far end. */
  after(bytes: number, act: () => void): void
  close(): Promise<void>
}

export async function openRelay(target: number, host = "127.0.0.1"): Promise<Relay> {
  const sockets = new Set<Socket>()
  let aim = target
  let accepted = 0
  let stalled = false
  let passed = 0
  let watch: { bytes: number; act: () => void } | undefined

  const server = createServer((near) => {
    accepted++
    const far = connect(aim, host)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.setNoDelay(true)
      one.on("data", (chunk: Buffer) => {
        if (stalled) return
        if (!other.write(chunk)) one.pause()
        if (one === far) count(chunk.length)
      })
      one.on("drain", () => other.resume())
      one.on("error", () => other.destroy())
      one.on("close", () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  const count = (bytes: number) => {
    passed += bytes
    if (!watch || passed < watch.bytes) return
    const { act } = watch
    watch = undefined
    act()
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    accepted: () => accepted,
    aim: (port) => (aim = port),
    cut: () => {
      stalled = false
      cut()
    },
    stall: () => (stalled = true),
    after: (bytes, act) => (watch = { bytes: passed + bytes, act }),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      cut()
      await closed
    },
  }
}
