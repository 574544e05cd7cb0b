import { describe, expect, test } from "vitest"
import type { KubeClient } from "../../../src/kube/client.ts"
import { KubeError } from "../../../src/kube/errors.ts"
import { LeaderLease } from "../../../src/kube/lease.ts"
import type { Lease } from "../../../src/kube/objects.ts"
import { ManualClock } from "../../support/manual-clock.ts"

/** One Lease with optimistic locking, as the API server keeps it; can be made to fail or to never answer. */
class LeaseServer {
  lease: Lease | undefined
  mode: "well" | "fails" | "hangs" = "well"
  writes = 0
  #version = 0

  client(): KubeClient {
    const client: Pick<KubeClient, "get" | "create" | "mergePatch"> = {
      get: async <T>() => {
        await this.#behave()
        return this.lease as T
      },
      create: async <T>(_: unknown, object: T) => {
        await this.#behave()
        if (this.lease) return { created: false }
        return { created: true, object: this.#store(object as Lease) as T }
      },
      mergePatch: async <T>(
        ...[, , , patch, options]: [unknown, string, string | undefined, object, { resourceVersion?: string }?]
      ) => {
        await this.#behave()
        if (options?.resourceVersion !== this.lease?.metadata?.resourceVersion)
          throw new KubeError("patch Lease: changed", { status: 409, reason: "Conflict" })
        return this.#store({ ...this.lease, spec: { ...this.lease?.spec, ...(patch as Lease).spec } }) as T
      },
    }
    return client as KubeClient
  }

  #store(lease: Lease): Lease {
    this.writes += 1
    this.#version += 1
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(this.#version) } }
    return this.lease
  }

  async #behave(): Promise<void> {
    if (this.mode === "fails") throw new KubeError("no", { status: 503, reason: "" })
    if (this.mode === "hangs") await new Promise(() => undefined)
  }
}

function contender(server: LeaseServer, clock: ManualClock, identity: string) {
  const state = { leading: false, told: false, outcome: undefined as string | undefined }
  const stop = new AbortController()
  /** Set to keep the work going after it was told to stop. */
  const work = { drained: Promise.resolve() }
  const lease = new LeaderLease({ client: server.client(), name: "operator", namespace: "system", identity, clock })
  const running = lease
    .run(stop.signal, async (signal) => {
      state.leading = true
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }))
      state.told = true
      await work.drained
      state.leading = false
    })
    .then((outcome) => (state.outcome = outcome))
  return { state, stop, running, work }
}

describe("leader lease", () => {
  test("the first one leads, the second waits, and leads within seconds of a release", async () => {
    const [server, clock] = [new LeaseServer(), new ManualClock()]
    const one = contender(server, clock, "one")
    await clock.advance(0)
    const two = contender(server, clock, "two")
    await clock.advance(60_000)
    expect([one.state.leading, two.state.leading]).toEqual([true, false])
    one.stop.abort()
    await clock.advance(0)
    expect([one.state.outcome, server.lease?.spec?.holderIdentity]).toEqual(["stopped", ""])
    await clock.advance(2000)
    expect(two.state.leading).toBe(true)
    expect(server.lease?.spec).toMatchObject({ holderIdentity: "two", leaseTransitions: 1, leaseDurationSeconds: 15 })
  })

  test("the leader is dead: the second leads 15 seconds after it last saw a renewal, not before", async () => {
    const [server, clock] = [new LeaseServer(), new ManualClock()]
    const stale = new Date(clock.now() + 3_600_000).toISOString()
    await server.client().create({} as never, { spec: { holderIdentity: "dead", renewTime: stale } } as Lease as never)
    const two = contender(server, clock, "two")
    await clock.advance(14_000)
    expect(two.state.leading).toBe(false)
    await clock.advance(3000)
    expect(two.state.leading).toBe(true)
  })

  test.each([["fails"], ["hangs"]] as const)(
    "the API server %s: the leader is told within 10 seconds and it's lost",
    async (mode) => {
      const [server, clock] = [new LeaseServer(), new ManualClock()]
      const one = contender(server, clock, "one")
      await clock.advance(7000)
      server.mode = mode
      await clock.advance(5000)
      expect(one.state.told).toBe(false)
      await clock.advance(7000)
      expect([one.state.told, one.state.outcome]).toEqual([true, "lost"])
    },
  )

  test("a short failure of the API server changes nothing", async () => {
    const [server, clock] = [new LeaseServer(), new ManualClock()]
    const one = contender(server, clock, "one")
    await clock.advance(4000)
    server.mode = "fails"
    await clock.advance(7000)
    server.mode = "well"
    await clock.advance(60_000)
    expect(one.state).toMatchObject({ leading: true, told: false })
  })

  test("somebody else took it: lost at the next renewal", async () => {
    const [server, clock] = [new LeaseServer(), new ManualClock()]
    const one = contender(server, clock, "one")
    await clock.advance(4000)
    const version = server.lease?.metadata?.resourceVersion ?? ""
    await server
      .client()
      .mergePatch({} as never, "", "", { spec: { holderIdentity: "thief" } }, { resourceVersion: version })
    await clock.advance(2000)
    expect([one.state.told, one.state.outcome, server.lease?.spec?.holderIdentity]).toEqual([true, "lost", "thief"])
  })

  test("work that is still draining keeps the lease renewed, and gives it back only then", async () => {
    const [server, clock] = [new LeaseServer(), new ManualClock()]
    const one = contender(server, clock, "one")
    const drained = Promise.withResolvers<void>()
    one.work.drained = drained.promise
    await clock.advance(4000)
    one.stop.abort()
    const writes = server.writes
    await clock.advance(20_000)
    expect([one.state.told, server.writes - writes, server.lease?.spec?.holderIdentity]).toEqual([true, 10, "one"])
    drained.resolve()
    await one.running
    expect(server.lease?.spec?.holderIdentity).toBe("")
  })

  test("stopped while it waits: ends without having led", async () => {
    const [server, clock] = [new LeaseServer(), new ManualClock()]
    server.mode = "fails"
    const one = contender(server, clock, "one")
    await clock.advance(3000)
    one.stop.abort()
    await clock.advance(0)
    expect(one.state).toEqual({ leading: false, told: false, outcome: "stopped" })
  })
})
