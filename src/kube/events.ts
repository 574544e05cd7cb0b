import { randomBytes } from "node:crypto"
import type { KubeClient } from "./client.ts"
import { type Clock, systemClock } from "./clock.ts"
import { KubeError } from "./errors.ts"
import { kinds } from "./kinds.ts"
import type { KubeObject } from "./objects.ts"

export interface Happening {
  readonly type: "Normal" | "Warning"
  /** CamelCase, from the table of reasons. */
  readonly reason: string
  readonly message: string
}

/** Tells people what happened to an object: `kubectl describe`, `kubectl events`. Never in the way of the work itself. */
export interface EventRecorder {
  /** Returns at once; a failure is only logged. A repeat of the same within 10 minutes becomes a count. */
  record(regarding: KubeObject, happening: Happening): void
  /** Resolves when everything recorded so far has been sent or given up. */
  flush(): Promise<void>
}

export interface EventRecorderOptions {
  readonly client: KubeClient
  /** Which of the operator's pods speaks. */
  readonly instance: string
  readonly clock?: Clock
  readonly onFailure?: (error: unknown) => void
}

interface Sent {
  readonly name: string
  count: number
  lastAt: number
}

const repeatWithinMs = 10 * 60_000
/** Kinds of happenings remembered for counting; and how many may wait for a slow API server before new ones are dropped. */
const maxRemembered = 500
const maxWaiting = 100
/** Limits of events.k8s.io/v1, in characters. */
const maxNote = 1024
const maxName = 230

/** An EventRecorder that writes events.k8s.io/v1, one after the other. */
export class KubeEventRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #clock: Clock
  readonly #sent = new Map<string, Sent>()
  #tail: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(options: EventRecorderOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  record(regarding: KubeObject, happening: Happening): void {
    if (this.#waiting >= maxWaiting) {
      this.#options.onFailure?.(new Error(`too many events wait to be sent: dropped ${happening.reason}`))
      return
    }
    this.#waiting += 1
    this.#tail = this.#tail
      .then(() => this.#send(regarding, happening))
      .catch((error: unknown) => this.#options.onFailure?.(error))
      .finally(() => (this.#waiting -= 1))
  }

  flush(): Promise<void> {
    return this.#tail
  }

  async #send(regarding: KubeObject, happening: Happening): Promise<void> {
    const { uid = "" } = regarding.metadata ?? {}
    const key = [uid, happening.type, happening.reason, happening.message].join("\n")
    const known = this.#sent.get(key)
    const now = this.#clock.now()
    if (known && now - known.lastAt < repeatWithinMs && (await this.#count(known, regarding, now))) return
    const name = `${(regarding.metadata?.name ?? "").slice(0, maxName)}.${randomBytes(8).toString("hex")}`
    await this.#options.client.create(kinds.Event, this.#event(name, regarding, happening, now))
    this.#sent.delete(key)
    this.#sent.set(key, { name, count: 1, lastAt: now })
    const oldest = this.#sent.keys().next()
    if (this.#sent.size > maxRemembered && !oldest.done) this.#sent.delete(oldest.value)
  }

  /** False when the event to count on is gone: the API server keeps events for an hour. */
  async #count(known: Sent, regarding: KubeObject, now: number): Promise<boolean> {
    const series = { count: known.count + 1, lastObservedTime: microTime(now) }
    try {
      await this.#options.client.mergePatch(kinds.Event, known.name, namespaceOf(regarding), { series })
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return false
      throw error
    }
    known.count += 1
    known.lastAt = now
    return true
  }

  #event(name: string, regarding: KubeObject, { type, reason, message }: Happening, now: number): KubeObject {
    const { apiVersion, kind, metadata } = regarding
    const event = {
      metadata: { name, namespace: namespaceOf(regarding) },
      eventTime: microTime(now),
      reportingController: "filerecovery.dev/operator",
      reportingInstance: this.#options.instance.slice(0, 128),
      action: "Reconcile",
      type,
      reason,
      note: message.length > maxNote ? `${message.slice(0, maxNote - 1)}…` : message,
      regarding: { apiVersion, kind, name: metadata?.name, namespace: metadata?.namespace, uid: metadata?.uid },
    }
    return event
  }
}

function namespaceOf(regarding: KubeObject): string {
  return regarding.metadata?.namespace ?? "default"
}

/** metav1.MicroTime. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace(/Z$/, "000Z")
}
