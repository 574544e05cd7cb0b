import { once } from "node:events"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { pipeline } from "node:stream/promises"
import { RecoveryError } from "../../api/reasons.ts"
import type { Dial } from "../../client/session-agent.ts"

export interface TunnelOptions {
  readonly dial: Dial
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Told why a connection can't be carried on; who made it only sees that it is closed. */
  readonly failed: (error: unknown) => void
}

/** A port of this machine that leads to one of a session. */
export interface Tunnel {
  readonly port: number
  /** Breaks every connection and stops listening. */
  close(): Promise<void>
}

/** Each connection is dialled for itself: a pod that was replaced is found again. Throws UsageError when it can't listen. */
export async function startTunnel({ dial, host, port, failed }: TunnelOptions): Promise<Tunnel> {
  const sockets = new Set<Socket>()
  const carry = async (socket: Socket) => {
    const stream = await dial()
    // whoever hangs up, and when, is no failure of ours
    await pipeline(socket, stream, socket).catch(() => undefined)
  }
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on("error", () => undefined).once("close", () => sockets.delete(socket))
    void carry(socket)
      .catch(failed)
      .finally(() => socket.destroy())
  })
  server.listen(port, host)
  await once(server, "listening").catch((cause: NodeJS.ErrnoException) => {
    throw new RecoveryError("UsageError", `Nothing can listen on ${host}, port ${port} (${cause.code}).`, { cause })
  })
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
