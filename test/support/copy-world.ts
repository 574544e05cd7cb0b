import type { CopySpecInput } from "../../src/api/copy.ts"
import type { CopyStatus } from "../../src/api/copy-status.ts"
import { isOfCopy } from "../../src/children/names.ts"
import type { CopyResult } from "../../src/control/copy-result.ts"
import type { Reconciler } from "../../src/controller/reconcile.ts"
import type { StoredObject } from "./api-objects.ts"
import type { Looks, SessionLab } from "./session-lab.ts"
import { paths } from "./session-world.ts"

export const copyPath = `${paths.copies}/restore`
const key = { namespace: "shop", name: "restore" }

/** Around a SessionLab: a copy called `restore`, the pods of copies, and the garbage collector for what a copy owns. */
export class CopyWorld {
  readonly #lab: SessionLab

  constructor(lab: SessionLab) {
    this.#lab = lab
    const { objects } = lab.api
    objects.onChange(({ collection, type, object }) => {
      if (type === "DELETED" && collection === paths.copies)
        for (const { metadata } of objects.list(paths.sessions, ({ metadata }) =>
          isOwned(metadata, object.metadata.uid),
        ))
          objects.remove(`${paths.sessions}/${metadata.name}`)
    })
  }

  create(spec: Partial<CopySpecInput>, labels: Record<string, string> = {}): void {
    const metadata = { ...key, labels, generation: 1, creationTimestamp: new Date().toISOString() }
    const whole = {
      paths: [{ volume: "data", path: "/orders" }],
      destination: { persistentVolumeClaim: { name: "restored" } },
      ...spec,
    }
    this.#lab.api.objects.create(paths.copies, { metadata, spec: whole } as never)
  }

  claim(volumeMode = "Filesystem"): void {
    const metadata = { name: "restored", namespace: "shop" }
    this.#lab.api.objects.create(paths.claims, { metadata, spec: { volumeMode } } as never)
  }

  get exists(): boolean {
    return this.#lab.api.objects.list(paths.copies, () => true).length > 0
  }

  get status(): CopyStatus {
    return this.#lab.api.objects.get(copyPath)["status"] ?? {}
  }

  /** "True Copied" */
  condition(type: string): string | undefined {
    const found = this.status.conditions?.find((one) => one.type === type)
    return found && `${found.status} ${found.reason}`
  }

  get pods(): StoredObject[] {
    return this.#lab.api.objects.list(paths.pods, ({ metadata }) => isOfCopy(metadata.name))
  }

  get policies(): string[] {
    return this.#lab.api.objects
      .list(paths.networkPolicies, ({ metadata }) => isOfCopy(metadata.name))
      .map(({ metadata }) => metadata.name)
  }

  get sessions(): string[] {
    return this.#lab.api.objects.list(paths.sessions, () => true).map(({ metadata }) => metadata.name)
  }

  /** The pod there is ends, and says so. */
  says(result: Partial<CopyResult>): void {
    const reason = result.reason ?? "Copied"
    const message = JSON.stringify({ message: "", ...result, reason })
    const terminated = { exitCode: reason === "Copied" ? 0 : 1, message }
    const status = {
      phase: reason === "Copied" ? "Succeeded" : "Failed",
      containerStatuses: [{ name: "copy", state: { terminated } }],
    }
    for (const { metadata } of this.pods) this.#lab.api.objects.patch(`${paths.pods}/${metadata.name}`, { status })
  }

  /** Reconciles the copy and all sessions again and again, as the queue does. */
  async until(done: () => boolean, looks?: Looks): Promise<void> {
    const operator = this.#lab.reconciler(looks)
    const { world } = this.#lab
    let failure: unknown
    for (let count = 0; count < 60; count++) {
      if (done()) return
      failure = await this.#round(operator).catch((error: unknown) => error)
      await world.settled()
    }
    throw new Error(
      `it does not come to that: ${String(failure)}\n${JSON.stringify(this.exists && this.status, null, 1)}`,
    )
  }

  async #round(operator: Reconciler): Promise<void> {
    await operator.copy(key)
    for (const name of this.sessions) await operator.reconcile({ namespace: "shop", name })
    await this.#lab.world.settled()
    await this.#lab.sweep(operator)
  }
}

const isOwned = (metadata: StoredObject["metadata"], uid: string) =>
  ((metadata as { ownerReferences?: { uid: string }[] }).ownerReferences ?? []).some((owner) => owner.uid === uid)
