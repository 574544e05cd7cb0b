import { connect } from "node:net"
import type { Dial } from "./session-agent.ts"

/** Connects straight to the file service's port. */
export function dialTcp(host: string, port: number): Dial {
  return () =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true })
      socket.once("error", reject).once("connect", () => {
        socket.off("error", reject)
        resolve(socket)
      })
    })
}
