import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { expect, test } from "vitest"
import { answerTogether } from "../../src/files/sftp/sent.ts"

/** The library answers whatever it is asked, even before a login: here 64 KiB to each word. */
test("who takes no answers is not heard any more, until he does", async () => {
  let heard = 0
  const server = createServer((socket) => {
    socket.on("error", () => undefined)
    answerTogether(socket)
    socket.on("data", (chunk) => {
      heard += chunk.length
      socket.write(Buffer.alloc(65_536))
    })
  })
  const accepted = once(server, "connection")
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1")
    .setNoDelay(true)
    .pause()
  const [socket] = (await accepted) as [Socket]
  try {
    for (let asked = 0; asked < 1000 && !socket.isPaused(); asked = heard) {
      client.write(Buffer.alloc(1))
      await expect.poll(() => heard > asked || socket.isPaused(), { interval: 1 }).toBe(true)
    }
    expect(socket.isPaused()).toBe(true)
    expect(socket.writableLength).toBeLessThanOrEqual((1 << 20) + 65_536)
    let taken = 0
    client.on("data", (chunk) => (taken += chunk.length)).resume()
    await expect.poll(() => [socket.isPaused(), taken]).toEqual([false, heard * 65_536])
    client.write(Buffer.alloc(1))
    await expect.poll(() => taken).toBe(heard * 65_536)
  } finally {
    client.destroy()
    server.close()
  }
})
