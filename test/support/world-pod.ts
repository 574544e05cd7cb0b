import { randomUUID, X509Certificate } from "node:crypto"
import { fingerprintOf } from "../../src/api/public-key.ts"
import type { RestoreStatus, TargetStatus } from "../../src/control/schemas.ts"
import type { ControlHandlers } from "../../src/control/server.ts"
import { LEAF_MARGIN_MS } from "../../src/pki/validity.ts"
import { Lifetime } from "../../src/pod/lifetime.ts"
import type { WorldHashes } from "./world-hashes.ts"
import type { WorldSftp } from "./world-sftp.ts"

/** A pod of SessionWorld: the real life of one, with its deadline, and answers as if there were disks. */
export interface WorldPod {
  readonly life: Lifetime
  readonly handlers: Pick<ControlHandlers, "setDeadline" | "release" | "serve" | "setPublicKeys">
  status(): TargetStatus | RestoreStatus
}

export interface PodSpec {
  readonly containers: readonly { readonly args: readonly string[] }[]
}

interface WorldPodOptions {
  readonly spec: PodSpec
  /** PEM; its end says how long the pod may live. */
  readonly certificate: string
  readonly usage: () => RestoreStatus["usage"]
  readonly hashes: WorldHashes
  readonly sftp: WorldSftp
  readonly released: () => void
}

export function worldPod(role: "target" | "restore", options: WorldPodOptions): WorldPod {
  const { spec, certificate, usage, hashes, sftp, released } = options
  const { validToDate } = new X509Certificate(certificate)
  const times = argument(spec, "--hash-disks")
  let serves = times !== "before-and-after"
  let hashedAgain = false
  const life: Lifetime = new Lifetime({
    deadline: new Date(argument(spec, "--deadline") ?? ""),
    hardEnd: new Date(validToDate.getTime() - LEAF_MARGIN_MS),
    unhurried: times !== undefined,
    release: async () => {
      if (times !== undefined && serves)
        hashedAgain = await hashes.done(life.hurry).then(
          () => true,
          () => false,
        )
      released()
    },
    log: { info: () => undefined, error: () => undefined },
  })
  const common = () => ({ sessionUid: "", now: new Date().toISOString(), deadline: life.deadline.toISOString() })
  const target = (): TargetStatus => {
    const state = life.state === "Running" ? (serves ? "Serving" : "Hashing") : life.state
    const isHashing = !serves || (state === "Releasing" && times !== undefined && !life.hurry.aborted)
    const sha256 = {
      ...(times === "before-and-after" && (serves || hashes.areDone) && { sha256Before: hashes.before }),
      ...(hashedAgain && { sha256After: hashes.after }),
    }
    return {
      ...targetStatus,
      ...common(),
      state,
      disks: [{ ...disk, ...sha256 }],
      ...(isHashing && { hashing: hashes.progress }),
    }
  }
  return {
    life,
    handlers: {
      setDeadline: (deadline, now) => life.setDeadline(deadline, now),
      release: (reason, hash) => life.release(reason, { unhurried: hash }),
      serve: () => void (serves = true),
      setPublicKeys: (lines) => void (sftp.publicKeys = lines.map((line) => fingerprintOf(line))),
    },
    status: () =>
      role === "target"
        ? target()
        : {
            ...restoreStatus,
            ...common(),
            ...(sftp.isServed && argument(spec, "--sftp-port") && { sftp: sftp.told }),
            usage: usage(),
            state: life.state === "Running" ? "Ready" : life.state,
          },
  }
}

/** What the operator wrote into the arguments. */
export function argument({ containers }: PodSpec, flag: string): string | undefined {
  const args = containers[0]?.args ?? []
  return args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined
}

const disk = { name: "data", serial: randomUUID(), sizeBytes: 2 ** 30 }

const targetStatus = {
  role: "target" as const,
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
