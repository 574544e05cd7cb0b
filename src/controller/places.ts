import type { FileRecoveryAttachment } from "../api/attachment.ts"
import type { KubeClient } from "../kube/client.ts"
import { kinds } from "../kube/kinds.ts"
import type { KubeObject } from "../kube/objects.ts"
import type { Change } from "../kube/reflector.ts"
import { keyOf } from "../kube/store.ts"
import { isTerminal } from "../session/finished.ts"
import { inOrder, type InLine, type Limits, type Line, movedUp, placeOf, turns } from "../session/line.ts"
import type { Observed, ObservedQueue } from "../session/observed.ts"
import { isQueued } from "../session/queue.ts"
import { instant } from "../session/time.ts"
import type { SessionObject } from "./live-sessions.ts"

type Session = Pick<Observed["session"], "namespace" | "name" | "uid" | "createdAt">
type Status = Observed["status"]

/** What a session is to the others: it holds a place, waits for one, or waits for something else and lets others pass. */
type Standing = "holds" | "waits" | "aside"

interface Member extends InLine {
  key: string
  standing: Standing
}

/**
 * Who holds a place among the sessions in progress, and who waits for one, in order. The truth is in the statuses: a place
 * is held from `startedAt` to the terminal phase. This is the ledger on top of them that makes the limits hold:
 *
 * - **Two workers.** Whoever asks (`ask`) and decides enters it (`decided`) before anything else runs, so the next one
 *   who asks already sees the place as taken, long before it is written, let alone watched.
 * - **A cache that is late.** What was let in stays in, whatever the watch says, until it is seen ended or gone: news of a
 *   session may be old. Only a decision, made on what was just read, takes a place back that came to nothing.
 * - **Another leader.** Nothing here has to survive: `fill` reads all statuses from the API server before the first
 *   decision of a leader, so no start of the one before is missed. An attachment without `startedAt` counts, too: its
 *   operator died between the two.
 * - **Sessions that can't start.** New ones count as waiting until they were looked at, so a younger one doesn't overtake
 *   one that a worker has at hand. Those that wait for something else, or that can't be read, stand aside.
 *
 * When a place gets free, only those whose turn it is are woken, and as the line moves up, the first few to be told so: a
 * thousand may wait. The others learn their place when they next look.
 */
export class Places {
  readonly #limits: Limits
  readonly #wake: (key: string) => void
  readonly #members = new Map<string, Member>()
  /** Those of them that hold no place, in order. */
  #line: Member[] = []
  #filling: Promise<void> | undefined

  /** `wake` is called with the key (`namespace/name`) of each session that should be looked at. */
  constructor(limits: Limits, wake: (key: string) => void) {
    this.#limits = limits
    this.#wake = wake
  }

  /** Sessions that only a place is missing for, as far as is known; new ones are counted until they were looked at. */
  get waiting(): number {
    return this.#line.filter(({ mayStart }) => mayStart).length
  }

  /** Sessions in progress, in all namespaces. */
  get held(): number {
    return this.#members.size - this.#line.length
  }

  /** Reads who holds a place, once. Rejects when that can't be read; the next call tries again. */
  async fill(kube: KubeClient): Promise<void> {
    this.#filling ??= this.#read(kube).catch((error: unknown) => {
      this.#filling = undefined
      throw error
    })
    return this.#filling
  }

  /** What the watch of the sessions tells. */
  changed({ type, object }: Change<SessionObject>): void {
    if (type === "delete") this.gone(keyOf(object), object.metadata.uid)
    else this.see(object)
  }

  /** A session as it was watched or read, maybe some time ago. */
  see(object: SessionObject): void {
    const session = sessionOf(object)
    const key = keyOf(object)
    const known = this.#members.get(key)
    if (known && known.uid !== session.uid && session.createdAt <= known.createdAt) return
    const status = object.status ?? {}
    if (isTerminal(status)) return this.#remove(key)
    if (known?.uid === session.uid && known.standing === "holds") return
    const leaves = object.metadata.deletionTimestamp !== undefined || object.spec.desiredState === "Unmounted"
    this.#put(session, standingOf(status, leaves))
  }

  /** There is no such session any more; with `uid`, unless there is another of its name. */
  gone(key: string, uid?: string): void {
    if (uid === undefined || this.#members.get(key)?.uid === uid) this.#remove(key)
  }

  /** Where a session without a place stands; undefined: it is its turn, and is to be entered (`decided`) without a pause. */
  ask(session: Session): ObservedQueue | undefined {
    const known = this.#members.get(`${session.namespace}/${session.name}`)
    if (known?.uid === session.uid && known.standing === "holds") return undefined
    return placeOf(session, this.#now())
  }

  /** What was decided about a session just read. A place is free again only when its end was written and seen. */
  decided(session: Session, status: Status): void {
    const next = isTerminal(status) ? undefined : standingOf(status, false)
    const known = this.#members.get(`${session.namespace}/${session.name}`)
    if (next === undefined && known?.standing === "holds") return
    this.#put(session, next)
  }

  /** It can't even be read now: others go first. */
  stepAside(key: string): void {
    const known = this.#members.get(key)
    if (known?.standing === "waits") this.#set(key, { ...known, standing: "aside", mayStart: false })
  }

  async #read(kube: KubeClient): Promise<void> {
    const [sessions, attachments] = await Promise.all([
      kube.list<SessionObject>(kinds.FileRecoverySession),
      kube.list<FileRecoveryAttachment & KubeObject>(kinds.FileRecoveryAttachment),
    ])
    const begun = new Set(attachments.map(({ spec }) => spec.sessionUid))
    for (const session of sessions) {
      this.see(session)
      const isOver = isTerminal(session.status ?? {})
      if (!isOver && begun.has(session.metadata.uid ?? "")) this.#put(sessionOf(session), "holds")
    }
  }

  #put({ namespace, name, uid, createdAt }: Session, standing: Standing | undefined): void {
    const key = `${namespace}/${name}`
    if (standing === undefined) return this.#remove(key)
    this.#set(key, { key, uid, namespace, createdAt, standing, mayStart: standing === "waits" })
  }

  #remove(key: string): void {
    if (this.#members.has(key)) this.#set(key, undefined)
  }

  #set(key: string, next: Member | undefined): void {
    const before = this.#members.get(key)
    this.#line = this.#line.filter((one) => one.key !== key)
    if (next) this.#members.set(key, next)
    else this.#members.delete(key)
    if (next && next.standing !== "holds") {
      const at = this.#line.findLastIndex((one) => inOrder(one, next) < 0) + 1
      this.#line.splice(at, 0, next)
    }
    if (before && before.standing !== next?.standing) this.#wakeAfter(before, next)
  }

  /** After one has given up its place, in progress or in the line; who was let in leaves no turn to others. */
  #wakeAfter(before: Member, after: Member | undefined): void {
    const line = this.#now()
    const next = before.standing === "aside" || after?.standing === "holds" ? [] : turns(line)
    const up = before.standing === "waits" ? movedUp(before, line) : []
    for (const key of new Set([...next, ...up].map(({ key }) => key))) this.#wake(key)
  }

  #now(): Line<Member> {
    const held = new Map<string, number>()
    for (const { namespace, standing } of this.#members.values())
      if (standing === "holds") held.set(namespace, (held.get(namespace) ?? 0) + 1)
    return { waiting: this.#line, held, limits: this.#limits }
  }
}

/** What a status that is not terminal says; undefined: it ends without ever having held a place. */
function standingOf(status: Status, leaves: boolean): Standing | undefined {
  if (status.startedAt !== undefined) return "holds"
  if (leaves || status.phase === "Unmounting") return undefined
  return status.conditions === undefined || isQueued(status) ? "waits" : "aside"
}

function sessionOf({ metadata }: SessionObject): Session {
  const { namespace = "", name, uid = "", creationTimestamp } = metadata
  return { namespace, name, uid, createdAt: instant(creationTimestamp) ?? 0 }
}
