import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Writable } from "node:stream"
import { runCli } from "../../src/cli/program.ts"
import type { FileSource } from "../../src/files/source.ts"
import type { StoredObject } from "./api-objects.ts"
import { type ApiServer, startApiServer } from "./api-server.ts"
import { execHere } from "./exec-in-pod.ts"
import { fileServiceLab } from "./file-service.ts"
import { forwardPort } from "./port-forwards.ts"
import { type SftpLab, sftpServiceLab } from "./sftp-service.ts"
import { paths } from "./session-world.ts"

export interface Answer {
  readonly code: number
  readonly out: string
  readonly bytes: Buffer
  readonly err: string
}

export interface RunOptions {
  /** Both streams are terminals, as far as the program is told. */
  readonly terminal?: boolean
  readonly signal?: AbortSignal
  /** Called with all that was said on stderr, or printed, so far, each time something is. */
  readonly said?: (err: string) => void
  readonly printed?: (out: string) => void
}

/**
 * A cluster for `kubectl recover` in this process: an API server that forwards ports and runs commands (in pods of any name; pod
 * `bare` has no programs, `nobody` isn't there), and in the operator's place something
 * that makes each session Ready at once, serves the files of a source for it, and releases it when it is asked to.
 */
export interface RecoverLab extends AsyncDisposable {
  readonly api: ApiServer
  readonly kubeconfig: string
  /** Runs a verb in namespace shop. */
  run(args: readonly string[], options?: RunOptions): Promise<Answer>
  session(name: string): Session
  /** Sessions that are created from now on fail at once, with these conditions. */
  failWith: readonly object[] | undefined
  /** Ports by pod name, or POD:PORT, beside those of sessions. */
  readonly ports: Map<string, number>
  /** What serves SFTP, by session. */
  readonly sftp: Map<string, SftpLab>
}

export interface Session extends StoredObject {
  spec: { desiredState?: string; ttl?: string; idleTimeout?: string; recoveryPoint?: object; source: object }
  status?: { phase?: string }
}

export async function recoverLab(source: FileSource): Promise<RecoverLab> {
  const api = await startApiServer()
  const directory = mkdtempSync(join(tmpdir(), "recover-lab-"))
  const kubeconfig = join(directory, "kubeconfig")
  writeFileSync(kubeconfig, api.config.exportConfig(), { mode: 0o600 })
  const services: AsyncDisposable[] = []
  createSources(api)
  const ports = new Map<string, number>()
  const pending = new Set<Promise<void>>()
  api.objects.onChange(({ type, collection, object }) => {
    if (collection !== paths.sessions || type === "DELETED") return
    const { spec, status } = object as Session
    const work = status?.phase === undefined ? serve(object) : undefined
    if (work) pending.add(work)
    if (spec.desiredState === "Unmounted" && status?.phase === "Ready") queueMicrotask(() => release(object))
  })
  api.upgrade = (request, socket, head) => {
    const [, pod = "", what] = /\/pods\/([^/]+)\/(portforward|exec)/.exec(request.url ?? "") ?? []
    const port = new URL(request.url ?? "", "http://api").searchParams.get("ports")
    if (what === "portforward") forwardPort(request, socket, head, ports.get(`${pod}:${port}`) ?? ports.get(pod))
    else if (pod === "nobody") socket.end("HTTP/1.1 404 Not Found\r\n\r\n")
    else execHere(request, socket, head, pod === "bare" ? "/nonexistent" : process.env["PATH"])
  }

  async function serve({ metadata: { name, uid } }: StoredObject): Promise<void> {
    if (lab.failWith) {
      api.objects.patch(`${paths.sessions}/${name}`, { status: { phase: "Failed", conditions: lab.failWith } })
      return
    }
    const files = await fileServiceLab(source, {}, uid)
    const sftp = await sftpServiceLab(source)
    services.push(files, sftp)
    lab.sftp.set(name, sftp)
    ports.set(`restore-${name}`, files.service.port).set(`restore-${name}:2022`, sftp.service.port)
    const base64 = (text: string) => Buffer.from(text).toString("base64")
    const data = { "ca.crt": base64(files.ca), username: base64("recover"), password: base64(files.password) }
    api.objects.create(paths.secrets, { metadata: { name: `access-${name}` }, data } as never)
    const now = new Date()
    const status = {
      phase: "Ready",
      startedAt: now.toISOString(),
      expiresAt: new Date(now.getTime() + 12 * 3_600_000).toISOString(),
      recoveryPoints: [
        { disk: "data", kind: "VolumeSnapshot", name: "nightly", uid: "u", time: "2026-11-22T03:00:00Z" },
      ],
      volumes: source.catalogue().volumes,
      access: {
        podName: `restore-${name}`,
        service: "s",
        httpsPort: 8443,
        tlsServerName: "n",
        secretName: `access-${name}`,
        sftpPort: 2022,
        sftpHostKey: sftp.service.hostKey,
      },
      usage: { clients: 0, bytesServed: 4096, filesRead: 1 },
    }
    api.objects.patch(`${paths.sessions}/${name}`, { status })
  }

  function release({ metadata: { name } }: StoredObject): void {
    for (const port of [`restore-${name}`, `restore-${name}:2022`]) ports.delete(port)
    const release = { reason: "UnmountRequested", initiatorsAtRelease: 0, bytesServed: 4096, filesRead: 1 }
    api.objects.patch(`${paths.sessions}/${name}`, { status: { phase: "Unmounted", release, access: null } })
  }

  const lab: RecoverLab = {
    api,
    kubeconfig,
    ports,
    sftp: new Map(),
    failWith: undefined,
    session: (name) => api.objects.get(`${paths.sessions}/${name}`) as Session,
    run: (args, options) => run([...args, "--kubeconfig", kubeconfig, "-n", "shop"], options),
    async [Symbol.asyncDispose]() {
      await Promise.all(pending)
      await Promise.all(services.map((service) => service[Symbol.asyncDispose]()))
      await api.close()
      rmSync(directory, { recursive: true })
    },
  }
  return lab
}

/** Runs one command line in this process, as cli.ts does. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Answer> {
  const { terminal = false, signal = new AbortController().signal, said, printed } = options
  const [out, err] = [new Heard(printed), new Heard(said)]
  const streams = { out, err, outIsTerminal: terminal, errIsTerminal: terminal }
  const code = await runCli(args, { streams, signal })
  return { code, out: out.all.toString(), bytes: out.all, err: err.all.toString() }
}

/** Keeps what is written, and tells of it. */
class Heard extends Writable {
  all = Buffer.alloc(0)
  readonly #tell: ((text: string) => void) | undefined

  constructor(tell: ((text: string) => void) | undefined) {
    super()
    this.#tell = tell
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.all = Buffer.concat([this.all, chunk])
    this.#tell?.(this.all.toString())
    done()
  }
}

/** Claim data-0 with two snapshots, and old-0, a claim that is gone, with one; the third of data-0 failed. */
function createSources({ objects }: ApiServer): void {
  objects.create(paths.classes, {
    metadata: { name: "fast" },
    provisioner: "disk.csi",
    reclaimPolicy: "Delete",
  } as never)
  objects.create(paths.claims, { metadata: { name: "data-0" }, spec: { storageClassName: "fast" } } as never)
  const snapshot = (name: string, claim: string, status: object) => {
    const all = { readyToUse: true, restoreSize: "1Gi", boundVolumeSnapshotContentName: `of-${name}`, ...status }
    const spec = { source: { persistentVolumeClaimName: claim } }
    const { metadata } = objects.create(paths.snapshots, { metadata: { name }, spec, status: all } as never)
    const volumeSnapshotRef = { namespace: "shop", name, uid: metadata.uid }
    const content = { driver: "disk.csi", sourceVolumeMode: "Block", volumeSnapshotRef }
    objects.create(paths.contents, { metadata: { name: `of-${name}` }, spec: content, status: {} } as never)
  }
  snapshot("nightly", "data-0", { creationTime: "2026-11-22T03:00:00Z" })
  snapshot("weekly", "data-0", { creationTime: "2026-11-15T03:00:00Z" })
  snapshot("failed", "data-0", { readyToUse: false, error: { message: "disk \x1b[2J full" } })
  snapshot("last", "old-0", { creationTime: "2026-11-22T03:02:00Z" })
}
