import { createHash } from "node:crypto"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { KubeConfig } from "@kubernetes/client-node"
import { expect, onTestFinished, test } from "vitest"
import { RecoveryError } from "../../../src/api/reasons.ts"
import { dialPod } from "../../../src/cli/client/pod-stream.ts"

const [data, errors] = [0, 1]
const port = Buffer.from([0xfb, 0x20])

/** A message of a port-forward as one WebSocket frame (RFC 6455, 5.2): binary, not masked, shorter than 126 bytes. */
const message = (channel: number, content: Buffer | string) => {
  const payload = Buffer.concat([Buffer.from([channel]), Buffer.from(content)])
  return Buffer.concat([Buffer.from([0x82, payload.length]), payload])
}

/** An API server that answers a port-forward with these messages, together with its agreement; then it ends it, or not. */
async function forwarder(messages: Buffer[], ending: "end" | "write" = "end"): Promise<KubeConfig> {
  const server = createServer()
  server.on("upgrade", ({ headers }, socket) => {
    const key = `${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const agreement = [
      "HTTP/1.1 101 Switching Protocols",
      "upgrade: websocket",
      "connection: upgrade",
      `sec-websocket-accept: ${createHash("sha1").update(key).digest("base64")}`,
      `sec-websocket-protocol: ${headers["sec-websocket-protocol"]?.split(",")[0]}`,
    ].join("\r\n")
    const greeting = [message(data, port), message(errors, port)]
    socket[ending](Buffer.concat([Buffer.from(`${agreement}\r\n\r\n`), ...greeting, ...messages]))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => void server.close())
  const config = new KubeConfig()
  const { port: own } = server.address() as AddressInfo
  config.loadFromClusterAndUser({ name: "c", server: `http://127.0.0.1:${own}`, skipTLSVerify: true }, { name: "u" })
  return config
}

const dial = (config: KubeConfig) => dialPod(config, async () => ({ namespace: "shop", pod: "a", port: 8443 }))()

test("what the pod sends comes, and then the end", async () => {
  expect(await text(await dial(await forwarder([message(data, "hello")])))).toBe("hello")
})

test("a pod that is lost at the very beginning is an error of the one who dials, and nothing else", async () => {
  const lost = dial(await forwarder([message(errors, "error forwarding port 8443")]))
  await expect(lost.then(text)).rejects.toMatchObject({
    code: "ConnectionLost",
    message: "Port-forward to a: error forwarding port 8443",
  })
})

test.each([
  ["has another pod now", () => ({ namespace: "shop", pod: "b", port: 8443 }), { code: "ConnectionLost" }],
  [
    "has ended",
    () => Promise.reject(new RecoveryError("SessionNotFound", "It was deleted.")),
    { code: "SessionNotFound" },
  ],
])(
  "a stream on which nothing comes is ended when the session %s, not while that is on its way",
  async (_, last, how) => {
    const inBetween = new RecoveryError("NotReady", "A pod was lost.")
    const here = { namespace: "shop", pod: "a", port: 8443 }
    const answers = [() => here, () => here, () => Promise.reject(inBetween), last]
    const asked: number[] = []
    const find = async () => (answers[asked.push(performance.now()) - 1] ?? last)()
    const stream = await dialPod(await forwarder([message(data, "hello")], "write"), find, 20)()
    await expect(text(stream)).rejects.toMatchObject(how)
    expect(asked).toHaveLength(4)
  },
)
