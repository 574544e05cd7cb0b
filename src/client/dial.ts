import { connect, type NetConnectOpts } from "node:net"
import type { Dial } from "./session-agent.ts"

/** Connects straight to the file service's port. */
export function dialTcp(host: string, port: number): Dial {
  return () => connected({ host, port, noDelay: true })
}

/** Connects to a unix socket. */
export function dialSocket(path: string): Dial {
  return () => connected({ path })
}

function connected(options: NetConnectOpts): ReturnType<Dial> {
  return new Promise((resolve, reject) => {
    const socket = connect(options)
    socket.once("error", reject).once("connect", () => {
      socket.off("error", reject)
      resolve(socket)
    })
  })
}
