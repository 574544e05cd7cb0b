import type { KubeClient } from "./client.ts"
import { type Clock, sleep, systemClock } from "./clock.ts"
import { KubeError } from "./errors.ts"
import { kinds } from "./kinds.ts"
import type { Lease } from "./objects.ts"

export interface LeaderLeaseOptions {
  /** Should give up on a request well before `renewDeadlineMs`. */
  readonly client: KubeClient
  readonly name: string
  readonly namespace: string
  /** Who we are: unique among all that want the lease, also across restarts. */
  readonly identity: string
  /** Others take over when the lease wasn't renewed for this long, by their own clock. */
  readonly durationMs?: number
  /** We stop leading when we couldn't renew for this long: before others may start. */
  readonly renewDeadlineMs?: number
  readonly retryMs?: number
  readonly clock?: Clock
  readonly onFailure?: (error: unknown) => void
  readonly onHolder?: (holder: string) => void
}

/**
 * Leader election over a coordination.k8s.io/v1 Lease, by the protocol of client-go: optimistic locking, and time
 * measured only from when we saw the record change, so that clocks needn't agree.
 */
export class LeaderLease {
  readonly #options: LeaderLeaseOptions
  readonly #clock: Clock
  readonly #durationMs: number
  readonly #renewDeadlineMs: number
  readonly #retryMs: number
  /** The record as last seen, and when it was first seen so. */
  #seen: { readonly lease: Lease; readonly at: number } | undefined

  constructor(options: LeaderLeaseOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#durationMs = options.durationMs ?? 15_000
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000
    this.#retryMs = options.retryMs ?? 2000
  }

  /**
   * Waits for the lease, then calls `lead` and keeps renewing until it has settled; then gives the lease back.
   * `lead` is told by its signal to stop: when `signal` aborts (the result is "stopped") or when the lease couldn't be
   * renewed in time ("lost": another may lead already, so this doesn't wait for `lead`, and the process should end).
   */
  async run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<"stopped" | "lost"> {
    while (!(await this.#try(signal))) {
      await sleep(this.#retryMs, signal, this.#clock)
      if (signal.aborted) return "stopped"
    }
    const leading = new AbortController()
    const stop = () => leading.abort(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener("abort", stop, { once: true })
    const renewing = new AbortController()
    try {
      const work = lead(leading.signal).finally(() => renewing.abort())
      const kept = await this.#renewUntil(renewing.signal)
      if (!kept) {
        work.catch((error: unknown) => this.#options.onFailure?.(error))
        leading.abort(new Error("the lease was lost"))
        return "lost"
      }
      await work
      return "stopped"
    } finally {
      signal.removeEventListener("abort", stop)
      // also after a failure: another may start at once
      if (this.#holdsIt()) await this.#release()
    }
  }

  /** Renews until told to stop (true) or until the deadline passed without success (false). */
  async #renewUntil(signal: AbortSignal): Promise<boolean> {
    let renewed = this.#clock.now()
    while (!signal.aborted) {
      await sleep(this.#retryMs, signal, this.#clock)
      if (signal.aborted) return true
      const left = renewed + this.#renewDeadlineMs - this.#clock.now()
      const over = new AbortController()
      const late = sleep(left, over.signal, this.#clock).then(() => "late" as const)
      const outcome = await Promise.race([this.#try(signal), late])
      over.abort()
      if (signal.aborted) return true
      if (outcome === true) renewed = this.#clock.now()
      else if (outcome === "late" || this.#clock.now() - renewed >= this.#renewDeadlineMs || this.#othersHoldIt()) {
        this.#seen = undefined
        return false
      }
    }
    return true
  }

  /** One attempt to get or renew the lease. */
  async #try(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false
    try {
      return await this.#attempt()
    } catch (error) {
      this.#options.onFailure?.(error)
      return false
    }
  }

  async #attempt(): Promise<boolean> {
    const { client, name, namespace } = this.#options
    // as the holder we know the record: one write instead of a read and a write
    if (this.#holdsIt() && this.#seen && (await this.#write(this.#seen.lease))) return true
    const lease = await client.get<Lease>(kinds.Lease, name, namespace)
    if (lease === undefined) return await this.#create()
    this.#see(lease)
    if (this.#othersHoldIt() && this.#seen && this.#clock.now() < this.#seen.at + this.#durationMs) return false
    return await this.#write(lease)
  }

  async #create(): Promise<boolean> {
    const { client, name, namespace } = this.#options
    const now = this.#microTime()
    const result = await client.create<Lease>(kinds.Lease, {
      metadata: { name, namespace },
      spec: { ...this.#claim(now), acquireTime: now, leaseTransitions: 0 },
    })
    if (result.created) this.#see(result.object)
    return result.created
  }

  /** Writes our claim over the record as we know it; false when it was changed meanwhile. */
  async #write(known: Lease): Promise<boolean> {
    const now = this.#microTime()
    const isOurs = known.spec?.holderIdentity === this.#options.identity
    const taken = { acquireTime: now, leaseTransitions: (known.spec?.leaseTransitions ?? 0) + 1 }
    return await this.#patch(known, { ...this.#claim(now), ...(isOurs ? {} : taken) })
  }

  async #release(): Promise<void> {
    const lease = this.#seen?.lease
    if (lease === undefined) return
    try {
      await this.#patch(lease, { holderIdentity: "", leaseDurationSeconds: 1, renewTime: this.#microTime() })
    } catch (error) {
      this.#options.onFailure?.(error)
    }
  }

  async #patch(known: Lease, spec: object): Promise<boolean> {
    const { client, name, namespace } = this.#options
    const resourceVersion = known.metadata?.resourceVersion ?? ""
    try {
      this.#see(await client.mergePatch<Lease>(kinds.Lease, name, namespace, { spec }, { resourceVersion }))
      return true
    } catch (error) {
      if (error instanceof KubeError && (error.status === 409 || error.status === 404)) return false
      throw error
    }
  }

  #claim(now: string): object {
    const { identity } = this.#options
    return { holderIdentity: identity, leaseDurationSeconds: Math.ceil(this.#durationMs / 1000), renewTime: now }
  }

  #see(lease: Lease): void {
    const before = this.#seen?.lease
    if (before?.metadata?.resourceVersion === lease.metadata?.resourceVersion && before) return
    const holder = lease.spec?.holderIdentity ?? ""
    if (holder !== (before?.spec?.holderIdentity ?? "") && holder !== "") this.#options.onHolder?.(holder)
    this.#seen = { lease, at: this.#clock.now() }
  }

  #holdsIt(): boolean {
    return this.#seen?.lease.spec?.holderIdentity === this.#options.identity
  }

  #othersHoldIt(): boolean {
    return Boolean(this.#seen?.lease.spec?.holderIdentity) && !this.#holdsIt()
  }

  /** metav1.MicroTime. */
  #microTime(): string {
    return new Date(this.#clock.now()).toISOString().replace(/Z$/, "000Z")
  }
}
