import type { Instant, ObservedQueue } from "./observed.ts"

/** How many sessions may be in progress at once, in each namespace and in all; 0: any number. */
export interface Limits {
  namespace: number
  cluster: number
}

/** A session that holds no place, as the others see it. */
export interface InLine {
  uid: string
  namespace: string
  createdAt: Instant
  /** False while it waits for something else: it keeps its place in the order, and others pass. */
  mayStart: boolean
}

/** Who waits, in order, and how many places are held in each namespace. */
export interface Line<T extends InLine = InLine> {
  waiting: readonly T[]
  held: ReadonlyMap<string, number>
  limits: Limits
}

/** How many are told at once that they have moved up; those behind learn it when they next look. */
const FEW = 5

/** First come, first served; who came in the same second, by UID. */
export function inOrder(a: Pick<InLine, "uid" | "createdAt">, b: Pick<InLine, "uid" | "createdAt">): number {
  return a.createdAt - b.createdAt || (a.uid < b.uid ? -1 : Number(a.uid > b.uid))
}

/**
 * Whose turn it is. Goes through the line in order, so nobody overtakes, and past those whose own namespace is full, so
 * that these hold nobody else up.
 */
export function turns<T extends InLine>(line: Line<T>): T[] {
  const room = new Room(line)
  return line.waiting.filter(({ namespace, mayStart }) => mayStart && room.give(namespace))
}

/** The first of those who have moved up since this one left the line: behind it, and waiting for the same limit. */
export function movedUp<T extends InLine>(left: InLine, line: Line<T>): T[] {
  const room = new Room(line)
  const waitsToo = ({ namespace }: InLine) => namespace === left.namespace || room.full(namespace) !== "namespace"
  return line.waiting.filter((one) => one.mayStart && inOrder(left, one) < 0 && waitsToo(one)).slice(0, FEW)
}

/** Where a session stands; undefined when it is its turn. It need not be in the line itself. */
export function placeOf(one: Omit<InLine, "mayStart">, line: Line): ObservedQueue | undefined {
  const others = line.waiting.filter(({ uid, mayStart }) => mayStart && uid !== one.uid)
  const ahead = others.filter((other) => inOrder(other, one) < 0)
  const now = new Room(line)
  const then = new Room(line)
  for (const { namespace } of ahead) then.give(namespace)
  const limit = then.full(one.namespace)
  if (!limit) return undefined
  const waitsToo = ({ namespace }: InLine) =>
    limit === "namespace" ? namespace === one.namespace : now.full(namespace) !== "namespace"
  return {
    limit,
    held: limit === "namespace" ? now.heldIn(one.namespace) : now.held,
    most: line.limits[limit],
    position: ahead.filter(waitsToo).length + 1,
    waiting: others.filter(waitsToo).length + 1,
  }
}

/** The places there are, while they are given away. */
class Room {
  held: number
  readonly #heldIn: Map<string, number>
  readonly #limits: Limits

  constructor({ held, limits }: Pick<Line, "held" | "limits">) {
    this.#heldIn = new Map(held)
    this.held = [...held.values()].reduce((sum, count) => sum + count, 0)
    this.#limits = limits
  }

  heldIn(namespace: string): number {
    return this.#heldIn.get(namespace) ?? 0
  }

  /** The limit that leaves a session of this namespace no place. */
  full(namespace: string): keyof Limits | undefined {
    const { namespace: inOne, cluster } = this.#limits
    if (inOne > 0 && this.heldIn(namespace) >= inOne) return "namespace"
    return cluster > 0 && this.held >= cluster ? "cluster" : undefined
  }

  /** Gives a session of this namespace a place, if there is one. */
  give(namespace: string): boolean {
    if (this.full(namespace)) return false
    this.#heldIn.set(namespace, this.heldIn(namespace) + 1)
    this.held += 1
    return true
  }
}
