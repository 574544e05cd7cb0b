import type { IncomingMessage } from "node:http"
import { createRequire } from "node:module"
import type { Duplex } from "node:stream"

/** The part of a `ws` WebSocket that is used here; it comes with client-node, without types. */
export interface WebSocket {
  readonly protocol: string
  send(data: Buffer): void
  close(): void
  on(event: "message", listener: (data: Buffer) => void): void
  on(event: "close" | "error", listener: () => void): void
}

interface Acceptor {
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, done: (socket: WebSocket) => void): void
}

const { WebSocketServer } = createRequire(import.meta.url)("ws") as {
  WebSocketServer: new (options: {
    noServer: true
    handleProtocols: (offered: Set<string>) => string | false
  }) => Acceptor
}

/** Accepts WebSockets that speak one of these subprotocols of Kubernetes. */
export function webSockets(...known: string[]): Acceptor {
  const handleProtocols = (offered: Set<string>) => known.find((one) => offered.has(one)) ?? false
  return new WebSocketServer({ noServer: true, handleProtocols })
}

/** Sends a message on one of a connection's channels. */
export function sendOn(socket: WebSocket, channel: number, data: Buffer | string): void {
  socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(data)]))
}
