import { mkdtempSync, rmSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { awaitGuestSibling, findFilesSibling } from "../../../src/pod/sibling.ts"

const patience = { timeout: 8000, interval: 20 }

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), "sibling-"))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return dir
}

function find(dir: string) {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  return { stop, sibling: findFilesSibling(dir, stop.signal) }
}

test("the guest's container hears the farewell, then that the file service is gone", async () => {
  const dir = directory()
  const { sibling } = find(dir)
  const files = await awaitGuestSibling(dir)
  await expect.poll(() => sibling.connected, patience).toBe(true)
  files.sayReleased()
  await sibling.farewell
  expect(sibling.released).toBe(true)
  await files.close()
  await sibling.gone
})

test("it hears that no other guest is wanted, which is no farewell to the one there is", async () => {
  const dir = directory()
  const { sibling } = find(dir)
  const files = await awaitGuestSibling(dir)
  files.sayGivenUp()
  await sibling.farewell
  expect([sibling.givenUp, sibling.released]).toEqual([true, false])
  await files.close()
})

test("a farewell said before the other container came is heard", async () => {
  const dir = directory()
  const files = await awaitGuestSibling(dir)
  files.sayReleased()
  const { sibling } = find(dir)
  await sibling.farewell
  expect(sibling.released).toBe(true)
  await files.close()
})

test("a file service that crashes is gone without farewell", async () => {
  const dir = directory()
  const files = await awaitGuestSibling(dir)
  const { sibling } = find(dir)
  await expect.poll(() => sibling.connected, patience).toBe(true)
  await files.close()
  await sibling.gone
  expect(sibling.released).toBe(false)
})

test("a container that comes when the other one is ending learns that it is gone", async () => {
  const dir = directory()
  const files = await awaitGuestSibling(dir)
  const closed = files.close()
  const { sibling } = find(dir)
  await Promise.all([sibling.gone, closed])
  expect(sibling).toMatchObject({ connected: true, released: false })
})

test("the file service hears that the guest's container is gone", async () => {
  const dir = directory()
  const files = await awaitGuestSibling(dir)
  onTestFinished(() => files.close())
  const { stop, sibling } = find(dir)
  await expect.poll(() => sibling.connected, patience).toBe(true)
  stop.abort()
  await files.gone
})

test("a socket left by a container before is replaced, and only the first comer counts", async () => {
  const dir = directory()
  const before = await awaitGuestSibling(dir, 0)
  onTestFinished(() => before.close())
  const files = await awaitGuestSibling(dir)
  onTestFinished(() => files.close())
  const { sibling } = find(dir)
  await expect.poll(() => sibling.connected, patience).toBe(true)
  const second = connect(join(dir, "sibling"))
  await new Promise((resolve) => second.on("error", resolve).on("close", resolve).resume())
  files.sayReleased()
  await sibling.farewell
})
