import { X509Certificate } from "node:crypto"
import type { PodRole } from "../../../src/children/names.ts"
import type { RestoreStatus, TargetStatus } from "../../../src/control/schemas.ts"
import type { ControlHandlers } from "../../../src/control/server.ts"
import { LEAF_MARGIN_MS } from "../../../src/pki/validity.ts"
import { Lifetime } from "../../../src/pod/lifetime.ts"
import { argument, type PodSpec } from "../../support/world-pod.ts"

/** What target and restore pod of one session know of each other: who is logged in. */
export class Link {
  initiators = 0
  readonly #here = new Set<PodRole>()
  #leave: (() => void)[] = []

  /** Who comes last makes the restore pod log in. */
  arrive(role: PodRole): void {
    this.#here.add(role)
    if (this.#here.size === 2) this.initiators = 1
  }

  logOut(): void {
    this.initiators = 0
    for (const tell of this.#leave.splice(0)) tell()
  }

  /** Resolves when no initiator is logged in. */
  async quiet(): Promise<void> {
    if (this.initiators > 0) await new Promise<void>((resolve) => this.#leave.push(resolve))
  }
}

export interface BenchPod {
  readonly life: Lifetime
  readonly handlers: ControlHandlers
}

interface BenchPodOptions {
  readonly role: PodRole
  readonly spec: PodSpec
  readonly sessionUid: string
  /** PEM; its end says how long the pod may live. */
  readonly certificate: string
  readonly link: Link
}

/**
 * What a pod's control port says and does, without disks behind it: the life is the real one, with its deadlines; a
 * restore pod is logged in and has mounted as soon as there is a target, and that lets go when nobody is logged in any more.
 */
export function benchPod({ role, spec, sessionUid, certificate, link }: BenchPodOptions): BenchPod {
  const { validToDate } = new X509Certificate(certificate)
  const life = new Lifetime({
    deadline: new Date(argument(spec, "--deadline") ?? ""),
    hardEnd: new Date(validToDate.getTime() - LEAF_MARGIN_MS),
    release: role === "target" ? () => link.quiet() : async () => link.logOut(),
    log: { info: () => undefined, error: () => undefined },
  })
  link.arrive(role)
  const [name = "", serial = ""] = argument(spec, "--disk")?.split("=") ?? []
  const disk = { name, serial, sizeBytes }
  const common = () => ({
    sessionUid,
    now: new Date().toISOString(),
    deadline: life.deadline.toISOString(),
    disks: [disk],
  })
  const target = (): TargetStatus => ({
    ...common(),
    role: "target",
    state: life.state === "Running" ? "Serving" : life.state,
    counters: { initiators: link.initiators, bytesServed, refused: {}, writeAttempts: 0, lastActivityAt: null },
  })
  const restore = (): RestoreStatus => ({
    ...common(),
    role: "restore",
    state: life.state !== "Running" ? life.state : link.initiators > 0 ? "Ready" : "Starting",
    volumes: [{ ...volume, path: name, stack: [`disk ${name}`] }],
    usage: { clients: 0, filesRead: 0, bytesRead: 0, lastActivityAt: null },
  })
  return {
    life,
    handlers: {
      status: role === "target" ? target : restore,
      setDeadline: (deadline, now) => life.setDeadline(deadline, now),
      release: (reason, hash) => life.release(reason, { unhurried: hash }),
      setPublicKeys: () => undefined,
      serve: () => undefined,
    },
  }
}

const sizeBytes = 8 * 2 ** 20
/** As after a mount. */
const bytesServed = 2 ** 20
const volume = { device: "sda", kind: "filesystem", state: "Mounted", filesystem: "ext4", sizeBytes } as const
