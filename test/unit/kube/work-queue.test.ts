import { describe, expect, test } from "vitest"
import { WorkQueue, type WorkQueueOptions } from "../../../src/kube/work-queue.ts"
import { ManualClock, settle } from "../../support/manual-clock.ts"

/** A queue whose work ends when the test says so. */
function harness(options: Partial<WorkQueueOptions> = {}) {
  const clock = new ManualClock()
  const started: string[] = []
  const open = new Map<string, PromiseWithResolvers<{ requeueAfterMs?: number } | void>>()
  const failures: { key: string; waitMs: number }[] = []
  const waits: [key: string, seconds: number][] = []
  const queue = new WorkQueue({
    workers: 2,
    clock,
    random: () => 1,
    work(key) {
      if (open.has(key)) throw new Error(`two workers on ${key}`)
      started.push(key)
      const work = Promise.withResolvers<{ requeueAfterMs?: number } | void>()
      open.set(key, work)
      return work.promise
    },
    onTaken: (key, seconds) => waits.push([key, seconds]),
    onFailure: (key, _, waitMs) => failures.push({ key, waitMs }),
    ...options,
  })
  const settleWork = async (
    key: string,
    how: (work: PromiseWithResolvers<{ requeueAfterMs?: number } | void>) => void,
  ) => {
    const work = open.get(key)
    if (!work) throw new Error(`${key} isn't being worked on`)
    open.delete(key)
    how(work)
    await settle()
  }
  return {
    queue,
    clock,
    started,
    failures,
    waits,
    finish: (key: string, result?: { requeueAfterMs?: number }) => settleWork(key, (work) => work.resolve(result)),
    fail: (key: string) => settleWork(key, (work) => work.reject(new Error("failed"))),
  }
}

describe("work queue", () => {
  test("collects before it is started, each key once", async () => {
    const { queue, started } = harness()
    for (const key of ["a", "b", "a", "a"]) queue.add(key)
    expect([started, queue.depth]).toEqual([[], 2])
    queue.start()
    expect(started).toEqual(["a", "b"])
  })

  test("tells how long each key has waited for a worker, but not for the start", async () => {
    const { queue, clock, waits, finish } = harness()
    for (const key of ["a", "b", "c"]) queue.add(key)
    await clock.advance(60_000)
    queue.start()
    await clock.advance(2000)
    queue.add("d")
    queue.add("c") // waits already
    await clock.advance(1000)
    await finish("a")
    await finish("b")
    expect(waits).toEqual([
      ["a", 0],
      ["b", 0],
      ["c", 3],
      ["d", 1],
    ])
  })

  test("never has more workers than it may, and takes keys in order", async () => {
    const { queue, started, finish } = harness()
    queue.start()
    for (const key of ["a", "b", "c", "d"]) queue.add(key)
    expect([started, queue.working, queue.depth]).toEqual([["a", "b"], 2, 2])
    await finish("b")
    expect(started).toEqual(["a", "b", "c"])
  })

  test("a key added while it is worked on comes again afterwards, once, never at the same time", async () => {
    const { queue, started, finish } = harness()
    queue.start()
    queue.add("a")
    queue.add("a")
    queue.add("a")
    expect(started).toEqual(["a"])
    await finish("a")
    expect(started).toEqual(["a", "a"])
    await finish("a")
    expect([started, queue.working]).toEqual([["a", "a"], 0])
  })

  test("a failing key comes again, later each time, up to the cap; success forgets", async () => {
    const { queue, clock, started, failures, finish, fail } = harness({ backoff: { firstMs: 100, capMs: 500 } })
    queue.start()
    queue.add("a")
    for (const waitMs of [100, 200, 400, 500, 500]) {
      await fail("a")
      expect(failures.at(-1)).toEqual({ key: "a", waitMs })
      const before = started.length
      await clock.advance(waitMs - 1)
      expect(started).toHaveLength(before)
      await clock.advance(1)
      expect(started).toHaveLength(before + 1)
    }
    await finish("a")
    queue.add("a")
    await fail("a")
    expect(failures.at(-1)).toEqual({ key: "a", waitMs: 100 })
  })

  test("a failing key comes again also when nobody wants to know", async () => {
    let tries = 0
    const work = async () => {
      tries += 1
      throw new Error("failed")
    }
    const clock = new ManualClock()
    const queue = new WorkQueue({ workers: 1, clock, work })
    queue.start()
    queue.add("a")
    await clock.advance(10_000)
    expect(tries).toBeGreaterThan(3)
    await queue.stop()
  })

  test("work that throws at once is a failure like any other", async () => {
    const failures: string[] = []
    const { queue } = harness({ work: throwAtOnce, onFailure: (key) => failures.push(key) })
    queue.start()
    queue.add("a")
    await settle()
    expect([failures, queue.working]).toEqual([["a"], 0])
  })

  test("requeueAfterMs comes in time; an event before it makes the later look unnecessary", async () => {
    const { queue, clock, started, finish } = harness()
    queue.start()
    queue.add("a")
    await finish("a", { requeueAfterMs: 1000 })
    await clock.advance(999)
    expect(started).toHaveLength(1)
    queue.add("a")
    await finish("a")
    await clock.advance(10_000)
    expect(started).toHaveLength(2)
  })

  test("of several delays the earliest counts", async () => {
    const { queue, clock, started } = harness()
    queue.start()
    queue.addAfter("a", 1000)
    queue.addAfter("a", 100)
    queue.addAfter("a", 5000)
    await clock.advance(100)
    expect([started, clock.timers]).toEqual([["a"], 0])
  })

  test("who visits a key hears how the work went that began after they came", async () => {
    const { queue, started, finish, fail } = harness({ workers: 1 })
    queue.start()
    queue.add("a")
    const heard: string[] = []
    for (const key of ["a", "b", "b"]) void queue.visit(key).then((succeeded) => heard.push(`${key} ${succeeded}`))
    await finish("a")
    expect([started, heard]).toEqual([["a", "b"], []])
    await finish("b")
    await fail("a")
    expect(heard).toEqual(["b true", "b true", "a false"])
  })

  test("who visits a queue that is stopped, or stops, isn't left waiting", async () => {
    const { queue } = harness()
    const before = queue.visit("a")
    await queue.stop()
    expect([await before, await queue.visit("a")]).toEqual([false, false])
  })

  test("stop waits for work under way, takes no more, and leaves no timer", async () => {
    const { queue, clock, started, finish, fail } = harness()
    queue.start()
    for (const key of ["a", "b", "c"]) queue.add(key)
    queue.addAfter("d", 100)
    let stopped = false
    const stopping = queue.stop().then(() => (stopped = true))
    queue.add("e")
    await finish("a", { requeueAfterMs: 10 })
    expect(stopped).toBe(false)
    await fail("b")
    await stopping
    await clock.advance(10_000)
    expect([started, clock.timers, queue.depth]).toEqual([["a", "b"], 0, 0])
  })
})

function throwAtOnce(): never {
  throw new Error("at once")
}
