import { describe, expect, test } from "vitest"
import { PortPool } from "../../../src/guest/port-pool.ts"

describe("the pool of ports", () => {
  test("who waits is served in the order of asking", async () => {
    const pool = new PortPool(1)
    const port = await pool.lease(undefined)
    const served: string[] = []
    const waiting = ["first", "second", "third"].map(async (name) => {
      const port = await pool.lease(undefined)
      served.push(name)
      pool.release(port)
    })
    pool.release(port)
    await Promise.all(waiting)
    expect(served).toEqual(["first", "second", "third"])
    expect(pool.free).toBe(1)
  })

  test("who gives up waiting loses its place, not the others'", async () => {
    const pool = new PortPool(1)
    const port = await pool.lease(undefined)
    const abort = new AbortController()
    const impatient = pool.lease(abort.signal)
    const patient = pool.lease(undefined)
    abort.abort(new Error("no time"))
    await expect(impatient).rejects.toThrow("no time")
    pool.release(port)
    expect(await patient).toBe(port)
    expect(pool.waiting).toBe(0)
  })

  test("who has to wait asks for unused ports back", async () => {
    const pool = new PortPool(1)
    const idle = await pool.lease(undefined)
    pool.reclaim = () => pool.release(idle)
    expect(await pool.lease(undefined)).toBe(idle)
  })

  test("when the guest is lost everybody is told, later ones too", async () => {
    const pool = new PortPool(1)
    await pool.lease(undefined)
    const waiting = pool.lease(undefined)
    pool.fail(new Error("gone"))
    await expect(waiting).rejects.toThrow("gone")
    await expect(pool.lease(undefined)).rejects.toThrow("gone")
  })
})
