import { INSTANCE_LABEL, ROLE_LABEL, SESSION_UID_LABEL } from "../../../src/api/labels.ts"
import { CONTROL_PORT } from "../../../src/children/ports.ts"
import { startControlServer } from "../../../src/control/server.ts"
import { kinds } from "../../../src/kube/kinds.ts"
import type { Kube } from "../../../src/kube/kube.ts"
import type { Pod, Secret } from "../../../src/kube/objects.ts"
import { type Change, Reflector } from "../../../src/kube/reflector.ts"
import type { PodSpec } from "../../support/world-pod.ts"
import { benchPod, Link } from "./pod.ts"

/**
 * Answers for all pods of sessions on fake nodes, from this one process: each has its own address, on which the product's
 * control server listens with the certificate of the pod's own Secret, as the kubelet would have mounted it. The operator
 * can't tell the difference.
 */
export class Pods implements AsyncDisposable {
  readonly #kube: Kube
  readonly #links = new Map<string, Link>()
  /** By UID; what ends the pod. */
  readonly #running = new Map<string, Promise<() => Promise<void>>>()
  readonly #stop = new AbortController()
  readonly #watching: Promise<void>
  /** What went wrong here, and would be held against the operator. */
  readonly failures: string[] = []

  constructor(kube: Kube) {
    this.#kube = kube
    const reflector = new Reflector<Pod>({
      transport: kube.transport,
      kind: kinds.Pod,
      labelSelector: `${INSTANCE_LABEL},${ROLE_LABEL}`,
      backoff: { firstMs: 200, capMs: 2000 },
      onChange: (change) => this.#look(change),
    })
    this.#watching = reflector.run(this.#stop.signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#watching
    await Promise.all([...this.#running.keys()].map((uid) => this.#end(uid)))
  }

  #look({ type, object: pod }: Change<Pod>): void {
    const uid = pod.metadata?.uid ?? ""
    const isRunning = pod.status?.phase === "Running" && pod.status.podIP !== undefined
    if (type === "delete") this.#end(uid).catch((error: unknown) => this.#failed(pod, error))
    else if (isRunning && !this.#running.has(uid)) {
      const started = this.#start(pod)
      this.#running.set(uid, started)
      started.catch((error: unknown) => this.#failed(pod, error))
    }
  }

  #failed({ metadata }: Pod, error: unknown): void {
    this.failures.push(`pod ${metadata?.namespace}/${metadata?.name}: ${String(error)}`)
  }

  async #start({ metadata, spec, status }: Pod): Promise<() => Promise<void>> {
    const { name = "", namespace = "", labels = {} } = metadata ?? {}
    const role = labels[ROLE_LABEL] === "target" ? "target" : "restore"
    const sessionUid = labels[SESSION_UID_LABEL] ?? ""
    const secret = await this.#kube.client.get<Secret>(kinds.Secret, name.replace(/-[0-9]+$/, ""), namespace)
    const text = (file: string) => Buffer.from(secret?.data?.[file] ?? "", "base64").toString()
    const certificate = text("tls.crt")
    const link = this.#links.get(sessionUid) ?? new Link()
    this.#links.set(sessionUid, link)
    const { life, handlers } = benchPod({ role, spec: spec as PodSpec, sessionUid, certificate, link })
    const server = await startControlServer({
      host: status?.podIP ?? "",
      port: CONTROL_PORT,
      identity: { key: text("tls.key"), cert: certificate, ca: text("ca.crt") },
      sessionUid,
      handlers,
      log: {
        warn: () => undefined,
        error: (_: unknown, words?: string) => this.failures.push(`pod ${name}: ${words}`),
      },
    })
    return async () => {
      life.end("SIGTERM")
      await server.close()
      if (role === "target") this.#links.delete(sessionUid)
    }
  }

  async #end(uid: string): Promise<void> {
    const end = await this.#running.get(uid)
    this.#running.delete(uid)
    await end?.()
  }
}
