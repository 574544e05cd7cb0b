import type { IncomingMessage } from "node:http"
import { connect } from "node:net"
import type { Duplex } from "node:stream"
import { sendOn, webSockets } from "./web-sockets.ts"

const sockets = webSockets("v4.channel.k8s.io")
const [dataChannel, errorChannel] = [0, 1]

/** What the API server and the kubelet do for `kubectl port-forward`: `port` is one of this machine, in the pod's place. */
export function forwardPort(request: IncomingMessage, socket: Duplex, head: Buffer, port: number | undefined): void {
  sockets.handleUpgrade(request, socket, head, (client) => {
    const asked = Buffer.from([0, 0])
    sendOn(client, dataChannel, asked)
    sendOn(client, errorChannel, asked)
    if (port === undefined) return sendOn(client, errorChannel, "no such pod")
    const inside = connect({ host: "127.0.0.1", port })
    inside.on("data", (chunk) => sendOn(client, dataChannel, chunk))
    inside.on("close", () => client.close()).on("error", () => client.close())
    client.on("message", (message) => inside.write(message.subarray(1)))
    client.on("close", () => inside.destroy())
    client.on("error", () => inside.destroy())
  })
}
