import { readFileSync } from "node:fs"
import { API_VERSION, SESSION_KIND } from "../../api/group.ts"
import { RecoveryError } from "../../api/reasons.ts"
import type { FileRecoverySession } from "../../api/session.ts"
import { sessionSpec, type SessionSpecInput } from "../../api/spec.ts"
import type { KubeClient } from "../../kube/client.ts"
import { kinds } from "../../kube/kinds.ts"
import type { Journal } from "../journal.ts"
import { timeOf } from "../time-flag.ts"

/** What flags say of the session's disks. */
export interface SourceFlags {
  readonly from: string[]
  readonly at: string[]
  readonly recoveryPoint: string[]
  readonly storageClass?: string
  readonly unlockSecret: string[]
  readonly journal?: Journal
}

/** What they say of how it is kept. */
export interface SessionFlags extends SourceFlags {
  readonly ttl?: string
  readonly idleTimeout?: string
  readonly ttlAfterFinished?: string
  readonly verifySource?: boolean
  /** Files of this machine. */
  readonly publicKey?: readonly string[]
}

/** The object that is sent. Throws UsageError or SpecInvalid; the API server is not asked. */
export function newSession(name: string, namespace: string | undefined, flags: SessionFlags): FileRecoverySession {
  const metadata = { name, ...(namespace !== undefined && { namespace }) }
  return { apiVersion: API_VERSION, kind: SESSION_KIND, metadata, spec: specOf(flags) }
}

function specOf(flags: SessionFlags): SessionSpecInput {
  const disks = flags.from.map((text) => {
    const [, kind, name = ""] = /^(pvc|persistentvolumeclaim|snapshot|volumesnapshot)\/(.+)$/.exec(text) ?? []
    if (kind === undefined) throw new RecoveryError("UsageError", `--from "${text}" must be pvc/NAME or snapshot/NAME.`)
    return { isClaim: kind === "pvc" || kind === "persistentvolumeclaim", name }
  })
  if (disks.length === 0)
    throw new RecoveryError("UsageError", "Say what to recover from: --from pvc/NAME or snapshot/NAME.")
  const isClaim = disks[0]?.isClaim === true
  if (disks.some((disk) => disk.isClaim !== isClaim))
    throw new RecoveryError("UsageError", "A session has claims or snapshots as its source, not both.")
  const storageClass = flags.storageClass === undefined ? {} : { storageClassName: flags.storageClass }
  const named = disks.map(({ name }) => ({ name, ...storageClass }))
  const { publicKey = [] } = flags
  const spec: SessionSpecInput = {
    source: isClaim ? { persistentVolumeClaims: named } : { volumeSnapshots: named },
    ...pointsOf(flags),
    ...(flags.ttl === undefined ? {} : { ttl: flags.ttl }),
    ...(flags.idleTimeout === undefined ? {} : { idleTimeout: flags.idleTimeout }),
    ...(flags.ttlAfterFinished === undefined ? {} : { ttlAfterFinished: flags.ttlAfterFinished }),
    ...(flags.unlockSecret.length > 0 ? { unlock: flags.unlockSecret.map(secretRefOf) } : {}),
    ...(flags.journal === undefined ? {} : { journal: flags.journal }),
    ...(flags.verifySource ? { verifySource: true } : {}),
    ...(publicKey.length > 0 ? { access: { publicKeys: publicKey.map(readPublicKey) } } : {}),
  }
  const checked = sessionSpec.safeParse(spec)
  if (checked.success) return spec
  const words = checked.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`)
  throw new RecoveryError("SpecInvalid", words.join("; "))
}

/** What is no public key is refused with the rest of the spec, in the same words: a private key never leaves this machine. */
function readPublicKey(file: string): string {
  try {
    return readFileSync(file, "utf8").trim()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new RecoveryError("UsageError", `--public-key "${file}" can't be read (${code}).`, { cause })
  }
}

/** One recovery point, or several side by side, by names or by times. */
function pointsOf({
  at,
  recoveryPoint: names,
}: SourceFlags): Pick<SessionSpecInput, "recoveryPoint" | "recoveryPoints"> {
  const times = at.map((text) => timeOf("--at", text, Date.now()))
  const [name] = names
  const [notAfter] = times
  // both are refused, as they are in an object
  if (names.length + times.length > 1 && (name === undefined || notAfter === undefined))
    return { recoveryPoints: [...names.map((name) => ({ name })), ...times.map((notAfter) => ({ notAfter }))] }
  return name === undefined && notAfter === undefined ? {} : { recoveryPoint: { name, notAfter } }
}

function secretRefOf(text: string): { secretRef: { name: string; key: string } } {
  const [, name, key] = /^([^/]+)\/([^/]+)$/.exec(text) ?? []
  if (name === undefined || key === undefined)
    throw new RecoveryError("UsageError", `--unlock-secret "${text}" must be NAME/KEY, a Secret and one of its keys.`)
  return { secretRef: { name, key } }
}

/** Has it made, or with `dryRun` only looked at: schema, rules, admission. Rejects when the name is taken. */
export async function sendSession(
  kube: KubeClient,
  session: FileRecoverySession,
  options: { readonly dryRun?: boolean } = {},
): Promise<FileRecoverySession> {
  const made = await kube.create<FileRecoverySession>(kinds.FileRecoverySession, session, options)
  if (made.created) return made.object
  const { namespace, name } = session.metadata
  throw new RecoveryError("SpecInvalid", `The session ${namespace}/${name} is there already; choose another name.`)
}
