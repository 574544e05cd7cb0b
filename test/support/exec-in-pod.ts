import { spawn } from "node:child_process"
import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { sendOn, webSockets } from "./web-sockets.ts"

const sockets = webSockets("v5.channel.k8s.io")
const [stdin, stdout, stderr, status, close] = [0, 1, 2, 3, 255]

/**
 * What the API server and the kubelet do for `kubectl exec`, on this machine: the command really runs, with `path` as its
 * PATH, where a container may have no such program.
 */
export function execHere(request: IncomingMessage, socket: Duplex, head: Buffer, path: string | undefined): void {
  const command = new URL(request.url ?? "/", "https://localhost").searchParams.getAll("command")
  sockets.handleUpgrade(request, socket, head, (client) => {
    const end = (result: object) => {
      sendOn(client, status, JSON.stringify(result))
      client.close()
    }
    const child = spawn(command[0] ?? "", command.slice(1), { env: { PATH: path } })
    child.stdout.on("data", (chunk: Buffer) => sendOn(client, stdout, chunk))
    child.stderr.on("data", (chunk: Buffer) => sendOn(client, stderr, chunk))
    child.stdin.on("error", () => undefined) // it has ended
    child.on("error", () => {
      const message = `OCI runtime exec failed: exec failed: unable to start container process: exec: "${command[0]}": executable file not found in $PATH: unknown`
      end({ status: "Failure", message })
    })
    child.on("close", (code) => {
      if (code === 0) end({ status: "Success" })
      else if (code !== null && code >= 0)
        end({ status: "Failure", message: `command terminated with exit code ${code}` })
    })
    client.on("message", (message) => {
      if (message[0] === stdin) child.stdin.write(message.subarray(1))
      if (message[0] === close && message[1] === stdin) child.stdin.end()
    })
    client.on("close", () => child.kill())
    client.on("error", () => child.kill())
  })
}
