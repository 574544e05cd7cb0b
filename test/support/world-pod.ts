import { randomUUID, X509Certificate } from "node:crypto"
import type { RestoreStatus, TargetStatus } from "../../src/control/schemas.ts"
import type { ControlHandlers } from "../../src/control/server.ts"
import { LEAF_MARGIN_MS } from "../../src/pki/validity.ts"
import { Lifetime } from "../../src/pod/lifetime.ts"

/** A pod of SessionWorld: the real life of one, with its deadline, and answers as if there were disks. */
export interface WorldPod {
  readonly life: Lifetime
  readonly handlers: Pick<ControlHandlers, "setDeadline" | "release">
  status(): TargetStatus | RestoreStatus
}

export interface PodSpec {
  readonly containers: readonly { readonly args: readonly string[] }[]
}

interface WorldPodOptions {
  readonly deadline: Date
  /** PEM; its end says how long the pod may live. */
  readonly certificate: string
  readonly usage: () => RestoreStatus["usage"]
  readonly released: () => void
}

export function worldPod(
  role: "target" | "restore",
  { deadline, certificate, usage, released }: WorldPodOptions,
): WorldPod {
  const { validToDate } = new X509Certificate(certificate)
  const life = new Lifetime({
    deadline,
    hardEnd: new Date(validToDate.getTime() - LEAF_MARGIN_MS),
    release: async () => released(),
    log: { info: () => undefined, error: () => undefined },
  })
  const common = () => ({ sessionUid: "", now: new Date().toISOString(), deadline: life.deadline.toISOString() })
  return {
    life,
    handlers: {
      setDeadline: (deadline, now) => life.setDeadline(deadline, now),
      release: (reason) => life.release(reason),
    },
    status: () =>
      role === "target"
        ? { ...targetStatus, ...common(), state: life.state === "Running" ? "Serving" : life.state }
        : { ...restoreStatus, ...common(), usage: usage(), state: life.state === "Running" ? "Ready" : life.state },
  }
}

/** What the operator wrote into the arguments. */
export function deadlineOf({ containers }: PodSpec): Date {
  const args = containers[0]?.args ?? []
  return new Date(args[args.indexOf("--deadline") + 1] ?? "")
}

const targetStatus = {
  role: "target" as const,
  disks: [{ name: "data", serial: randomUUID(), sizeBytes: 2 ** 30 }],
  counters: { initiators: 0, bytesServed: 4096, refused: {}, writeAttempts: 0, lastActivityAt: null },
}

const restoreStatus: Pick<RestoreStatus, "role" | "disks" | "volumes"> = {
  role: "restore",
  disks: [],
  volumes: [
    {
      path: "data",
      device: "sda",
      kind: "filesystem",
      state: "Mounted",
      filesystem: "ext4",
      sizeBytes: 2 ** 30,
      stack: ["disk data"],
    },
  ],
}
